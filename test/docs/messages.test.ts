import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const CHECKOUT = join(__dirname, '../..');

/** Messages of other tools that the guides explain: CloudFormation, the CDK CLI, ECS, ECR, IAM, GitHub, and containers. */
const FOREIGN = [
  'FargateStack | 2/40 | CREATE_IN_PROGRESS | AWS::ECS::Service',
  'CloudFormation did not receive a response from your Custom Resource',
  'Parameters: [ApiImageTag] do not exist in the template',
  '✅  FargateStack (no changes)',
  '⚠️  Stack deployed using Express Mode. Resources still stabilizing: …',
  'Stack FargateStack is in UPDATE_FAILED after an express deployment, …',
  '503 Service Temporarily Unavailable',
  'CannotPullContainerError: … not found',
  'CannotPullContainerError: image Manifest does not contain descriptor matching platform \'linux/amd64\'',
  'exec format error',
  'ResourceInitializationError: unable to pull secrets or registry auth: … i/o timeout',
  'AccessDeniedException: … is not authorized to perform: kms:Decrypt',
  'listen EACCES: permission denied 0.0.0.0:80',
  'bind() to 0.0.0.0:80 failed (13: Permission denied)',
  'Task failed ELB health checks',
  'is in ROLLBACK_COMPLETE state and can not be updated',
  'is in UPDATE_IN_PROGRESS state and can not be updated',
  'UPDATE_ROLLBACK_FAILED',
  'Export … cannot be deleted as it is in use by …',
  'The repository with name \'…\' already exists in the registry',
  'Resource of type \'AWS::ECR::Repository\' with identifier \'…\' already exists',
  '… cannot be deleted because it still contains images',
  'tag invalid: The image tag \'…\' already exists … and cannot be overwritten because the repository is immutable.',
  'The image tag \'cache\' already exists … and cannot be overwritten',
  'No OpenIDConnect provider found in your account for https://token.actions.githubusercontent.com',
  'The requested DurationSeconds exceeds the MaxSessionDuration set for this role',
  'Not authorized to perform sts:AssumeRoleWithWebIdentity',
  'Credentials could not be loaded, please check your action inputs: Could not load credentials from any providers',
  'EntityAlreadyExists',
  'token.actions.githubusercontent.com',
  'Skip output \'…\' since it may contain secret.',
];

const quoted = ['when-a-deploy-went-wrong.md', 'database-migrations.md', 'vulnerability-gate.md'].flatMap((guide) => (
  messagesOf(readFileSync(join(CHECKOUT, 'docs/guides', guide), 'utf8'))
));
const sources = plain(readdirSync(join(CHECKOUT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(ts|js|sh)$/.test(file))
  .map((file) => readFileSync(join(CHECKOUT, 'src', file), 'utf8'))
  .join('\n'));

test('every message in the guides comes from this library, or is listed here as a message of another tool', () => {
  expect(quoted.filter((message) => !FOREIGN.includes(message) && !isWritten(message))).toEqual([]);
});

test('every message that is listed here is explained in a guide', () => {
  expect(FOREIGN.filter((message) => !quoted.includes(message))).toEqual([]);
});

test('a message that differs in one word does not count as a message of this library', () => {
  expect(isWritten('Image … does not run on …, which the task definition needs')).toBe(true);
  expect(isWritten('Image … does not run on …, which the service needs')).toBe(false);
});

/** The code in headings and in the first cells of tables with messages. */
function messagesOf(page: string): string[] {
  const tables = [...page.matchAll(/^\| message \|.*\n\|[-|]+\n((?:\|.*\n)+)/gm)].flatMap(([, rows]) => rows.split('\n'));
  const cells = tables.map((row) => /^\| (.*?) \| /.exec(row)?.[1] ?? '');
  const headings = [...page.matchAll(/^### (.*`.*)$/gm)].map(([, heading]) => heading);
  return [...headings, ...cells].flatMap((text) => [...text.matchAll(/`([^`]+)`/g)].map(([, message]) => message));
}

/** Whether the sources contain all fixed parts of a message. A value follows each "…" and each opening parenthesis. */
function isWritten(message: string): boolean {
  return message.split(/[…(]/).every((part) => sources.includes(plain(part)));
}

/** Removes delimiters of strings and placeholders. */
function plain(text: string): string {
  return text.replace(/['"`${}\\]/g, '').trim();
}
