import { ImageRegistry } from '@org/phased-fargate';
import { App, Stack } from 'aws-cdk-lib';
import { FunctionStack } from './function-stack';
import { MigrationStack } from './migration-stack';
import { NightlyStack } from './nightly-stack';
import { WorkerStack } from './worker-stack';

const app = new App();
const registry = new ImageRegistry(new Stack(app, 'RegistryStack'), 'Registry', { repositoryName: 'app' });

new WorkerStack(app, 'WorkerStack', { registry });
new NightlyStack(app, 'NightlyStack', { registry });
new MigrationStack(app, 'MigrationStack', { registry });
new FunctionStack(app, 'FunctionStack', { registry });
