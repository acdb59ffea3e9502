import { readFileSync } from 'node:fs';
import { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { files, synth } from './synth';
import { cfnLint } from '../cfn-lint';
import { ALL_EXAMPLES, Consumer, LOWEST, NEWEST } from '../consumer';
import { ecrImages, waysAroundTheGuard } from '../util/guarded';
import { ReferenceGraph } from '../util/reference-graph';

/** With the number of task definitions in each. */
const EXAMPLES: Record<string, number> = {
  'minimal': 1, 'app-and-fargate-stack': 1, 'built-in-the-deployment': 1, 'not-only-services': 4, 'recipes': 5, 'several-services': 3,
};
const NAMES = Object.keys(EXAMPLES);

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

describe('a judge nobody here wrote', () => {
  let consumer: Consumer;
  beforeAll(async () => {
    consumer = await Consumer.install(LOWEST);
  });
  afterAll(() => consumer?.remove());

  test('cfn-lint finds nothing but what is accepted, and all of that', async () => {
    const found = new Set<string>();
    for (const example of NAMES) {
      const assembly = await synth(consumer, example, 'no feature flags', 'lint');
      for (const { Rule } of await cfnLint(files(assembly, /\.template\.json$/))) found.add(Rule.Id);
    }
    expect([...found].sort()).toEqual(Object.keys(ACCEPTED_BY_CFN_LINT).sort());
  });
});

function templates(assembly: string): Record<string, string> {
  return Object.fromEntries(files(assembly, /\.template\.json$/).map((file) => [file.slice(assembly.length), readFileSync(file, 'utf8')]));
}
