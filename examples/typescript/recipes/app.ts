import { ImageGuard, ImageRegistry } from '@org/phased-fargate';
import { App, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Dashboard } from './dashboard';
import { Edge } from './edge';
import { Jobs } from './jobs';
import { Mesh } from './mesh';
import { Observed } from './observed';
import { Soci } from './soci';

const app = new App();
const registry = new ImageRegistry(new Stack(app, 'RegistryStack'), 'Registry', { repositoryName: 'recipes' });

const stack = new Stack(app, 'RecipesStack');
const guard = new ImageGuard(stack, 'Guard', { registry });
const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 });
const cluster = new ecs.Cluster(stack, 'Cluster', { vpc, defaultCloudMapNamespace: { name: 'recipes.internal' } });

const { service } = new Observed(stack, 'Observed', { guard, cluster });
new Mesh(stack, 'Mesh', { guard, cluster });
new Edge(stack, 'Edge', { guard, cluster });
new Jobs(stack, 'Jobs', { guard, vpc });
new Soci(stack, 'Soci', { guard, registry, cluster });
new Dashboard(stack, 'Dashboard', { service });

// Synthesis fails if any resource uses an ECR image without a guard.
ImageGuard.requireOn(app);
