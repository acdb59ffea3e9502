import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { App, Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ts from 'typescript';
import { snippetsOf } from './snippets';

/** Synthesizes the app of the guide on preview environments as it is on the page. */

const PAGE = join(__dirname, '../../docs/guides/preview-environments.md');

const [{ source }] = snippetsOf('preview-environments.md', readFileSync(PAGE, 'utf8')).filter(({ complete }) => complete);

function previews(pullRequest?: string): App {
  const { outputText } = ts.transpileModule(source, { compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 } });
  const exported: { app?: App } = {};
  const imported = (name: string) => jest.requireActual<object>(name === '@org/phased-fargate' ? '../../src' : name);
  process.env.CDK_CONTEXT_JSON = JSON.stringify(pullRequest === undefined ? {} : { pr: pullRequest });
  try {
    runInNewContext(`${outputText}\nexports.app = app;`, { require: imported, exports: exported });
  } finally {
    delete process.env.CDK_CONTEXT_JSON;
  }
  return exported.app!;
}

function shopOf(app: App, stage: string): Stack {
  return (app.node.findChild(stage) as Stage).node.findChild('Shop') as Stack;
}

test('without a pull request number, the app contains only the shared resources', () => {
  expect(previews().node.children.map(({ node }) => node.id).sort()).toEqual(['PreviewImages', 'Previews']);
});

test('a preview has a listener rule for its host, with the pull request number as its priority', () => {
  Template.fromStack(shopOf(previews('12'), 'Pr12')).hasResourceProperties('AWS::ElasticLoadBalancingV2::ListenerRule', {
    Priority: 12,
    Conditions: [{ Field: 'host-header', HostHeaderConfig: { Values: ['pr-12.preview.example.com'] } }],
  });
});

test('a preview creates no load balancer, cluster, or VPC, and causes no warning', () => {
  const shop = shopOf(previews('12'), 'Pr12');
  const template = Template.fromStack(shop);
  for (const type of ['AWS::ElasticLoadBalancingV2::LoadBalancer', 'AWS::ECS::Cluster', 'AWS::EC2::VPC']) template.resourceCountIs(type, 0);
  expect(Annotations.fromStack(shop).findWarning('*', Match.anyValue())).toEqual([]);
});

test('deleting the stack of a preview leaves no log group and no release tag behind', () => {
  const template = Template.fromStack(shopOf(previews('12'), 'Pr12'));
  const retained = Object.entries(template.toJSON().Resources)
    .filter(([, { DeletionPolicy }]: [string, any]) => DeletionPolicy !== undefined && DeletionPolicy !== 'Delete');
  expect(retained).toEqual([]);
  template.hasResourceProperties('Custom::ImageGuard', { ReleaseTagName: Match.absent() });
});
