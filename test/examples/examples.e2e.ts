import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { CDK_NAG, files, synth } from './synth';
import { cfnLint } from '../cfn-lint';
import { ALL_EXAMPLES, Consumer, LOWEST, NEWEST, readJson } from '../consumer';
import { ecrImages, waysAroundTheGuard } from '../util/guarded';
import { ReferenceGraph } from '../util/reference-graph';

/** The examples with their numbers of task definitions. */
const EXAMPLES: Record<string, number> = {
  'minimal': 1, 'app-and-fargate-stack': 1, 'built-in-the-deployment': 1, 'not-only-services': 4, 'recipes': 6, 'several-services': 3,
};
const NAMES = Object.keys(EXAMPLES);

const ACCEPTED_BY_CFN_LINT: Record<string, string> = {
  W3005: 'aws-cdk-lib makes a Lambda function depend on its role although it refers to it',
};

const FLAGS = ['no feature flags', 'all recommended feature flags'];

describe.each([
  ['newest', () => Consumer.install(NEWEST)],
  // security.e2e.ts has already installed the same packages, which are shared. No example imports cdk-nag.
  ['lowest', () => Consumer.install(LOWEST, CDK_NAG)],
])('with the packed library and the %s aws-cdk-lib', (version, install) => {
  let consumer: Consumer;
  beforeAll(async () => {
    consumer = await install();
  });
  afterAll(() => consumer?.remove());

  // Synthesis by the CDK CLI takes longer than the checks, so they share its results.
  const assemblies = new Map<string, Promise<string>>();
  function assemblyOf(example: string, flags: string): Promise<string> {
    const outdir = flags.replaceAll(' ', '-');
    const assembly = assemblies.get(`${example}/${outdir}`) ?? synth(consumer, example, flags, outdir, { realCommands: flags === FLAGS[0] });
    assemblies.set(`${example}/${outdir}`, assembly);
    return assembly;
  }

  test('the examples compile with one set of compiler options', async () => {
    const [settings, ...others] = ALL_EXAMPLES.map((example) => readJson(join(consumer.example(example), 'tsconfig.json')));
    for (const other of others) expect(other).toEqual(settings);

    // Compiled as one program, which reads the declarations of aws-cdk-lib once.
    writeFileSync(join(consumer.directory, 'tsconfig.json'), JSON.stringify({ ...settings, include: ALL_EXAMPLES.map((example) => `${example}/*.ts`) }));
    const compiled = await consumer.run('.', 'npx', 'tsc', '--listFiles');
    for (const example of ALL_EXAMPLES) expect(compiled).toContain(`/${example}/app.ts\n`);
  });

  describe.each(NAMES)('the example %s', (example) => {
    test.each(FLAGS)('has no unguarded image and no exports with %s', async (flags) => {
      const assembly = await assemblyOf(example, flags);

      // The lowest aws-cdk-lib reads the manifests here. The newest ones have a later schema, but the parts that are read are the same.
      const graph = new ReferenceGraph(new CloudAssembly(assembly, { skipVersionCheck: true }));
      expect(ecrImages(graph)).toHaveLength(EXAMPLES[example]);
      expect(waysAroundTheGuard(graph)).toEqual([]);
      expect(Object.values(templates(assembly)).join()).not.toMatch(/Fn::ImportValue|"Export"/);
    });

    test('has the same templates at each synthesis', async () => {
      const once = await assemblyOf(example, FLAGS[0]);
      const twice = await synth(consumer, example, FLAGS[0], 'twice');
      expect(Object.keys(templates(once))).not.toEqual([]);
      expect(templates(twice)).toEqual(templates(once));
    });
  });

  if (version === 'lowest') {
    test('the examples have exactly the accepted findings from cfn-lint', async () => {
      const rendered: string[] = [];
      for (const example of NAMES) rendered.push(...files(await assemblyOf(example, FLAGS[0]), /\.template\.json$/));
      const found = new Set((await cfnLint(rendered)).map(({ Rule }) => Rule.Id));
      expect([...found].sort()).toEqual(Object.keys(ACCEPTED_BY_CFN_LINT).sort());
    });
  }
});

function templates(assembly: string): Record<string, string> {
  return Object.fromEntries(files(assembly, /\.template\.json$/).map((file) => [file.slice(assembly.length), readFileSync(file, 'utf8')]));
}
