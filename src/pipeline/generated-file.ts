import * as fs from 'node:fs';
import * as path from 'node:path';
import { attachCustomSynthesis } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { invalid } from '../private/validation';

/** What the first lines of a generated file say. */
export const GENERATED = [
  'Generated from the CDK app by @org/phased-fargate. Do not edit:',
  'change the app and run "npx cdk synth", which rewrites this file.',
];

export interface GeneratedFile {
  /** From the root of the source repository. */
  readonly path: string;
  readonly executable?: boolean;

  /** Called at synthesis, when the construct tree is complete. */
  render(): string;
}

/**
 * Keeps a file of the source repository equal to what the app says: synthesis on a laptop writes it, synthesis in CI
 * fails if it was forgotten to commit it.
 */
export function keepGenerated(scope: Construct, file: GeneratedFile): void {
  attachCustomSynthesis(scope, {
    onSynthesize: () => {
      const target = path.join(repositoryRoot() ?? process.cwd(), file.path);
      const content = file.render();
      const current = fs.existsSync(target) ? fs.readFileSync(target, 'utf8') : undefined;
      if (current === content) return;

      if (inCi()) {
        throw invalid(scope, `${file.path} ${current === undefined ? 'is not in the repository' : 'is stale'}: it is generated from this app, ` +
          'so run "npx cdk synth" on your machine and commit the file');
      }
      fs.mkdirSync(path.dirname(target), { recursive: true });
      fs.writeFileSync(target, content);
      if (file.executable) fs.chmodSync(target, 0o755);
    },
  });
}

/** Where the app is within the repository: `.` at its root. */
export function appDirectory(): string {
  return path.relative(repositoryRoot() ?? process.cwd(), process.cwd()).split(path.sep).join('/') || '.';
}

/**
 * The nearest directory that looks like the root of a repository, from where the app runs upwards. CodeBuild checks out
 * without `.git`, and says where.
 */
export function repositoryRoot(): string | undefined {
  const { CODEBUILD_SRC_DIR } = process.env;
  for (let directory = process.cwd(); ; directory = path.dirname(directory)) {
    if (directory === CODEBUILD_SRC_DIR || ['.git', '.github'].some((name) => fs.existsSync(path.join(directory, name)))) return directory;
    if (directory === path.dirname(directory)) return undefined;
  }
}

function inCi(): boolean {
  return !['', 'false', '0'].includes(process.env.CI ?? '');
}
