import { execFile } from 'node:child_process';
import { cpSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { CDK_NAG, files, synth } from './synth';
import { Consumer, LOWEST, readJson } from '../consumer';
import { snippetsOf } from '../docs/snippets';
import { python } from '../emulator/venv';

/** Compares the guide's tables of findings with the findings of independent scanners. */

const GUIDE = readFileSync(resolve(__dirname, '../../docs/guides/security.md'), 'utf8');
const EXAMPLES = ['minimal', 'app-and-fargate-stack'];

/** The strictest service of the guide. */
const [{ source: STRICT }] = snippetsOf('security.md', GUIDE);

const WITH_CERTIFICATE = `
  import { Ingress, PhasedFargateService } from '@org/phased-fargate';
  import { App, Stack } from 'aws-cdk-lib';
  import * as acm from 'aws-cdk-lib/aws-certificatemanager';

  const stack = new Stack(new App(), 'FargateStack');
  const certificate = acm.Certificate.fromCertificateArn(stack, 'Certificate', 'arn:aws:acm:eu-west-1:111122223333:certificate/4f9d2c1e');
  new PhasedFargateService(stack, 'Api', { ingress: Ingress.internetFacing({ certificate }) });
`;

/** Another example and the accepted findings in its own code, apart from its use of the library. */
const OTHER_EXAMPLE = 'not-only-services';
const ACCEPTED_THERE: Record<string, string> = {
  'AwsSolutions-ECS2': 'the worker is told the URL of its queue by an environment variable',
  'AwsSolutions-IAM4': 'aws-cdk-lib gives Lambda functions a managed policy',
  'CKV_AWS_27': 'the queue is encrypted by SQS itself, without a KMS key',
  'CKV_AWS_66': 'the logs of the nightly task are kept for ever',
};

interface FailedCheck {
  readonly check_id: string;
  readonly file_abs_path: string;
}

interface Accepted {
  readonly id: string;
  readonly goesAwayWith: string;
}

/** The rows of the guide's tables. */
function accepted(prefix: string): Accepted[] {
  return [...GUIDE.matchAll(/^\| `([^`]+)` \| [^|]+ \| ([^|]*)\| [^|]+ \|$/gm)]
    .map(([, id, goesAwayWith]) => ({ id, goesAwayWith: goesAwayWith.trim() }))
    .filter(({ id }) => id.startsWith(prefix));
}

let consumer: Consumer;
let assemblies: { examples: string[]; certificate: string; strict: string; other: string };
let checkov: Promise<FailedCheck[]> | undefined;

beforeAll(async () => {
  consumer = await Consumer.install(LOWEST, CDK_NAG);
  cpSync(join(__dirname, 'with-cdk-nag.cjs'), join(consumer.directory, 'with-cdk-nag.cjs'));
  const examples: string[] = [];
  for (const example of EXAMPLES) examples.push(await judged(example));
  assemblies = {
    examples,
    certificate: await judged(written('certificate', WITH_CERTIFICATE)),
    strict: await judged(written('strict', STRICT)),
    other: await judged(OTHER_EXAMPLE),
  };
});
afterAll(() => consumer?.remove());

describe.each([
  { judge: 'cdk-nag', prefix: 'AwsSolutions-', findings: foundByCdkNag },
  { judge: 'checkov', prefix: 'CKV', findings: foundByCheckov },
])('$judge', ({ prefix, findings }) => {
  const table = accepted(prefix);
  const ids = (rows: Accepted[]) => rows.map(({ id }) => id).sort();

  test('finds in the examples exactly what the guide lists', async () => {
    expect(await findings(...assemblies.examples)).toEqual(ids(table));
  });

  test('finds in an app with a certificate everything that the guide lists, except what a certificate resolves', async () => {
    expect(await findings(assemblies.certificate)).toEqual(ids(table.filter(({ goesAwayWith }) => goesAwayWith !== '`certificate`')));
  });

  test('finds only what no option resolves in the strictest service of the guide', async () => {
    expect(await findings(assemblies.strict)).toEqual(ids(table.filter(({ goesAwayWith }) => goesAwayWith === '')));
  });

  test('finds nothing in another example except what the guide lists and what the code of that example causes', async () => {
    const known = ids(table);
    const others = (await findings(assemblies.other)).filter((id) => !known.includes(id));
    expect(others).toEqual(Object.keys(ACCEPTED_THERE).filter((id) => id.startsWith(prefix)).sort());
  });
});

/** Writes a separate app beside the examples. */
function written(name: string, source: string): string {
  cpSync(consumer.example('minimal'), consumer.example(name), { recursive: true });
  writeFileSync(join(consumer.example(name), 'app.ts'), source);
  return name;
}

async function judged(example: string): Promise<string> {
  // Findings of cdk-nag are errors, so the CLI fails, but the synthesized output still exists.
  await synth(consumer, example, 'no feature flags', 'judged', { app: 'npx tsx --require ../with-cdk-nag.cjs app.ts' }).catch(() => undefined);
  return join(consumer.example(example), 'judged');
}

async function foundByCdkNag(...directories: string[]): Promise<string[]> {
  const reports = directories.map((directory) => files(directory, /NagReport\.json$/));
  expect(reports).not.toContainEqual([]);
  const lines = reports.flat().flatMap((report) => readJson(report).lines);
  return distinct(lines.filter(({ compliance }) => compliance === 'Non-Compliant').map(({ ruleId }) => ruleId));
}

async function foundByCheckov(...directories: string[]): Promise<string[]> {
  const { examples, certificate, strict, other } = assemblies;
  checkov ??= runCheckov([...examples, certificate, strict, other].flatMap((directory) => files(directory, /\.template\.json$/)));
  const failed = await checkov;
  return distinct(failed
    .filter(({ file_abs_path: file }) => directories.some((directory) => file.startsWith(`${realpathSync(directory)}/`)))
    .map(({ check_id }) => check_id));
}

/** Runs once for all templates, because it takes longer to start than to check them. */
async function runCheckov(templates: string[]): Promise<FailedCheck[]> {
  const { stdout } = await promisify(execFile)(python(join(__dirname, 'requirements.txt')), [
    '-m', 'checkov.main', '--framework', 'cloudformation', '--skip-download', '--soft-fail', '--quiet', '--compact', '--output', 'json',
    '--file', ...templates,
  ], { maxBuffer: 64 * 1024 * 1024 });
  const { results, summary } = JSON.parse(stdout);
  expect(summary.parsing_errors).toBe(0);
  return results.failed_checks;
}

function distinct(found: string[]): string[] {
  return [...new Set(found)].sort();
}
