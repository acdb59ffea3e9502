import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { App, Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ts from 'typescript';
import { parse } from 'yaml';
import { snippetsOf } from './snippets';
import { holds } from '../e2e/pipeline/expressions';
import { faultsInWorkflow } from '../pipeline/github/github-reader';

/** Synthesizes the app of the guide on preview environments as it is on the page, and reads its workflows. */

const PAGE = join(__dirname, '../../docs/guides/preview-environments.md');

const guide = readFileSync(PAGE, 'utf8');
const [{ source }] = snippetsOf('preview-environments.md', guide).filter(({ complete }) => complete);
const texts = [...guide.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, text]) => text);
const [preview, removal] = texts.map((text) => parse(text));

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

test("GitHub's own parser accepts the workflows", async () => {
  expect(texts).toHaveLength(2);
  for (const text of texts) expect(await faultsInWorkflow(text)).toEqual([]);
});

// GitHub starts no run for the event `pull_request` while the pull request has a merge conflict, not even when it is closed.
test('a closed pull request loses its preview, even with a merge conflict, and runs none of its code', () => {
  expect(removal.on).toEqual({ pull_request_target: { types: ['closed'] } });
  const checkouts = removal.jobs.remove.steps.filter(({ uses }: any) => uses?.startsWith('actions/checkout@'));
  expect(checkouts.map((step: any) => step.with.ref)).toEqual(['${{ github.event.repository.default_branch }}']);
  expect(JSON.stringify(removal)).not.toMatch(/head\.(?:sha|ref)|head_ref/);
});

test('the removal of a preview waits for a deployment that is still running', () => {
  expect(removal.concurrency).toEqual(preview.concurrency);
});

test.each(['mallory/shop', undefined])('a pull request from the fork %s runs nothing, because it gets no token for AWS', (fork) => {
  for (const { jobs } of [preview, removal]) {
    const [job] = Object.values<any>(jobs);
    const runs = (head: string | undefined) => holds(job.if, {
      github: { repository: 'octo-org/shop', event: { pull_request: { head: { repo: head ? { full_name: head } : null } } } }, needs: {},
    }, { success: true, failure: false });
    expect([runs('octo-org/shop'), runs(fork)]).toEqual([true, false]);
  }
});

test('the priorities that the guide derives are valid, and differ for all pull requests that can be open at the same time', () => {
  const [, bullet] = /^- \*\*Priority\.\*\*([^]*?)^- /m.exec(guide)!;
  const formulas = [...bullet.matchAll(/`([^`]*\bnumber\b[^`]*)`/g)].map(([, formula]) => runInNewContext(`(number) => ${formula}`) as (number: number) => number);
  expect(formulas).toHaveLength(3);
  const [one, ...two] = formulas;
  const numbers = Array.from({ length: 25_000 }, (_, index) => 40_000 + index);
  for (const priorities of [numbers.map(one), numbers.flatMap((number) => two.map((formula) => formula(number)))]) {
    expect(new Set(priorities).size).toBe(priorities.length);
    expect(Math.min(...priorities)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...priorities)).toBeLessThanOrEqual(50_000);
  }
});
