import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { cfnLint } from '../cfn-lint';
import { ALL_EXAMPLES, Consumer, LOWEST, NEWEST, readJson } from '../consumer';
import { ecrImages, waysAroundTheGuard } from '../util/guarded';
import { ReferenceGraph } from '../util/reference-graph';

/** With the number of task definitions in each. */
const EXAMPLES: Record<string, number> = { 'minimal': 1, 'app-and-fargate-stack': 1, 'not-only-services': 3 };
const NAMES = Object.keys(EXAMPLES);
const CONTEXT: Record<string, string[]> = { 'app-and-fargate-stack': ['--context', 'sha=4f9d2c1e8b7a6d5c4b3a29180f7e6d5c4b3a2918'] };

/** What only the user can decide, and what AWS offers no narrower way for. */
const ACCEPTED_BY_CDK_NAG: Record<string, string> = {
  'AwsSolutions-EC23': 'the listener is open, since the service is to face the internet',
  'AwsSolutions-ECS4': 'Container Insights cost money',
  'AwsSolutions-ELB2': 'access logs need a bucket of the user',
  'AwsSolutions-IAM5': 'ecr:GetAuthorizationToken knows no resource but *',
  'AwsSolutions-VPC7': 'flow logs cost money, and need a destination of the user',
};

/** What the code of one example does besides using this library. */
const ACCEPTED_IN: Record<string, Record<string, string>> = {
  'not-only-services': {
    'AwsSolutions-ECS2': 'the worker is told the URL of its queue by an environment variable',
    'AwsSolutions-IAM4': 'aws-cdk-lib gives Lambda functions a managed policy',
  },
};

const ACCEPTED_BY_CFN_LINT: Record<string, string> = {
  W3005: 'aws-cdk-lib makes a Lambda function depend on its role although it refers to it',
};

describe.each([
  ['the lowest', LOWEST],
  ['the newest', NEWEST],
])('the examples, with the packed library and %s aws-cdk-lib', (_, peers) => {
  let consumer: Consumer;
  beforeAll(async () => {
    consumer = await Consumer.install(peers);
  });
  afterAll(() => consumer?.remove());

  test.each(ALL_EXAMPLES)('%s compiles', async (example) => {
    await consumer.run(example, 'npx', 'tsc');
  });

  describe.each(NAMES)('%s', (example) => {
    test.each(['no feature flags', 'all recommended feature flags'])('with %s: no service without the guard, no exports, the same twice', async (flags) => {
      const [once, twice] = await Promise.all([synth(consumer, example, flags, 'once'), synth(consumer, example, flags, 'twice')]);

      // The newest manifests are of a later schema than the lowest aws-cdk-lib, which reads them here, but no different in this.
      const graph = new ReferenceGraph(new CloudAssembly(once, { skipVersionCheck: true }));
      expect(ecrImages(graph)).toHaveLength(EXAMPLES[example]);
      expect(waysAroundTheGuard(graph)).toEqual([]);
      expect(Object.values(templates(once)).join()).not.toMatch(/Fn::ImportValue|"Export"/);
      expect(templates(twice)).toEqual(templates(once));
    });
  });
});

describe('judges nobody here wrote', () => {
  let consumer: Consumer;
  beforeAll(async () => {
    consumer = await Consumer.install(LOWEST, 'cdk-nag@2.37.55');
  });
  afterAll(() => consumer?.remove());

  test('cdk-nag finds nothing but what is accepted, and all of that', async () => {
    cpSync(join(__dirname, 'with-cdk-nag.cjs'), join(consumer.directory, 'with-cdk-nag.cjs'));
    const found = new Set<string>();
    for (const example of NAMES) {
      // Findings are errors, for which the CLI ends without success; the report is written all the same.
      await synth(consumer, example, 'no feature flags', 'nag', 'npx tsx --require ../with-cdk-nag.cjs app.ts').catch(() => undefined);
      const reports = files(join(consumer.example(example), 'nag'), /NagReport\.json$/);
      expect(reports.length).toBeGreaterThan(0);
      for (const { compliance, ruleId } of reports.flatMap((report) => readJson(report).lines)) {
        if (compliance === 'Non-Compliant') found.add(ACCEPTED_IN[example]?.[ruleId] ? `${example}: ${ruleId}` : ruleId);
      }
    }
    const accepted = Object.entries(ACCEPTED_IN).flatMap(([example, rules]) => Object.keys(rules).map((rule) => `${example}: ${rule}`));
    expect([...found].sort()).toEqual([...Object.keys(ACCEPTED_BY_CDK_NAG), ...accepted].sort());
  });

  test('cfn-lint finds nothing but what is accepted, and all of that', async () => {
    const found = new Set<string>();
    for (const example of NAMES) {
      const assembly = await synth(consumer, example, 'no feature flags', 'lint');
      for (const { Rule } of await cfnLint(files(assembly, /\.template\.json$/))) found.add(Rule.Id);
    }
    expect([...found].sort()).toEqual(Object.keys(ACCEPTED_BY_CFN_LINT).sort());
  });
});

async function synth(consumer: Consumer, example: string, flags: string, outdir: string, app?: string): Promise<string> {
  const settings = join(consumer.example(example), 'cdk.json');
  const context = flags === 'all recommended feature flags'
    ? readJson(join(consumer.directory, 'node_modules/aws-cdk-lib/recommended-feature-flags.json'))
    : {};
  writeFileSync(settings, JSON.stringify({ ...readJson(settings), context }));

  await consumer.run(example, 'npx', 'cdk', 'synth', '--quiet', '--no-notices', '--no-version-reporting', '--output', outdir,
    ...(app ? ['--app', app] : []),
    ...(CONTEXT[example] ?? []));
  return join(consumer.example(example), outdir);
}

function templates(assembly: string): Record<string, string> {
  return Object.fromEntries(files(assembly, /\.template\.json$/).map((file) => [file.slice(assembly.length), readFileSync(file, 'utf8')]));
}

function files(directory: string, name: RegExp): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => name.test(file) && !file.includes('node_modules'))
    .map((file) => join(directory, file))
    .sort();
}
