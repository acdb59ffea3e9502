import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { App, AppProps, CfnWaitConditionHandle, Stack } from 'aws-cdk-lib';
import { CloudAssembly } from 'aws-cdk-lib/cx-api';
import * as recommendedFlags from 'aws-cdk-lib/recommended-feature-flags.json';

export type FlagSet = 'no feature flags' | 'all recommended feature flags';

/**
 * Newer versions of aws-cdk-lib check each template against the schemas of CloudFormation, which takes longer than the rest
 * of the synthesis. A finding is an error with the feature flags, and otherwise a warning that no test would see.
 */
const VALIDATED: Record<FlagSet, object> = {
  'no feature flags': { builtinCloudFormationValidation: false },
  'all recommended feature flags': {},
};

const outdirs: string[] = [];

afterAll(() => {
  for (const outdir of outdirs.splice(0)) fs.rmSync(outdir, { recursive: true, force: true });
});

/** An app whose output is removed after the tests and whose templates contain no data that only the CLI needs. */
export function testApp(props: AppProps = {}, flags: FlagSet = 'no feature flags'): App {
  const outdir = fs.mkdtempSync(path.join(os.tmpdir(), 'phased-fargate-test-'));
  outdirs.push(outdir);
  return new App({
    outdir,
    analyticsReporting: false,
    treeMetadata: false,
    stackTraces: false,
    ...VALIDATED[flags],
    ...props,
    context: {
      // The CLI's setting. It identifies the template of a nested stack.
      'aws:cdk:enable-asset-metadata': true,
      ...(flags === 'all recommended feature flags' ? recommendedFlags : {}),
      // Metadata of the manifest, which only the CLI reads. aws-cdk-lib checks each entry against a schema, twice.
      'aws:cdk:disable-logicalId-metadata': true,
      '@aws-cdk/core:enableAdditionalMetadataCollection': false,
      ...props.context,
    },
  });
}

/** A stack with a resource, because newer versions of aws-cdk-lib refuse templates without resources. */
export function inhabited(stack: Stack): Stack {
  new CfnWaitConditionHandle(stack, 'Inhabitant');
  return stack;
}

/** Output of `cdk synth` by file: templates, but neither assets nor manifests, which contain directory names. */
export function templateFiles(assembly: CloudAssembly): Record<string, string> {
  const files = fs.readdirSync(assembly.directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.template.json'))
    .sort();
  return Object.fromEntries(files.map((file) => [file, fs.readFileSync(path.join(assembly.directory, file), 'utf8')]));
}
