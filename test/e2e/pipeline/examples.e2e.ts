import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PIPELINE_EXAMPLES, synthesize } from './render-examples';

test.each(PIPELINE_EXAMPLES.filter((example) => example !== 'pipeline-codepipeline'))('the files checked in for %s are what the app renders', (example) => {
  synthesize(example, true, () => undefined);
});

test('CDK Pipelines builds the image after it deploys the registry and before it deploys the service', () => {
  const template = synthesize('pipeline-codepipeline', true, (assembly) => JSON.parse(readFileSync(join(assembly, 'PipelineStack.template.json'), 'utf8')));
  const [{ Properties: { Stages } }] = Object.values<any>(template.Resources).filter(({ Type }) => Type === 'AWS::CodePipeline::Pipeline');
  const order = Object.fromEntries(Stages.at(-1).Actions.map(({ Name, RunOrder }: any) => [Name, RunOrder]));
  expect(order['Shop-Registry.Deploy']).toBeLessThan(order['Shop.Build_production-shop-api']);
  expect(order['Shop.Build_production-shop-api']).toBeLessThan(order['Shop.Prepare']);
});
