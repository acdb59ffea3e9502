import { App } from 'aws-cdk-lib';
import { AppStack } from './app-stack';
import { FargateStack } from './fargate-stack';

const app = new App();
const { registry } = new AppStack(app, 'AppStack');
new FargateStack(app, 'FargateStack', {
  registry,
  sha: app.node.getContext('sha'), // cdk deploy --context sha=$(git rev-parse HEAD)
});
