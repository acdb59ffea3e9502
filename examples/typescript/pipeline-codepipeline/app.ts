import { BuildAndPush } from '@org/phased-fargate';
import { App, Stack } from 'aws-cdk-lib';
import * as pipelines from 'aws-cdk-lib/pipelines';
import { ShopStage } from './shop-stage';

const app = new App();
const env = { account: '111122223333', region: 'us-east-1' };

const source = pipelines.CodePipelineSource.connection('octo-org/shop', 'main', {
  connectionArn: 'arn:aws:codeconnections:us-east-1:111122223333:connection/4f9d2c1e-8b7a-6d5c-4b3a-29180f7e6d5c',
});
const pipeline = new pipelines.CodePipeline(new Stack(app, 'PipelineStack', { env }), 'Pipeline', {
  synth: new pipelines.ShellStep('Synth', { input: source, commands: ['npm ci', 'npx cdk synth'] }),
});

const production = new ShopStage(app, 'Production', { env });
pipeline.addStage(production, {
  stackSteps: BuildAndPush.stackSteps(production, { pipeline, source }),
});
