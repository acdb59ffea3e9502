import * as fs from 'node:fs';
import * as path from 'node:path';
import { attachCustomSynthesis } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { claim } from '../private/one-per-app';
import { invalid } from '../private/validation';

/** First lines of a generated file. */
export const GENERATED = [
  'Generated from the CDK app by @org/phased-fargate. Do not edit:',
  'change the app and run "npx cdk synth", which rewrites this file.',
];

export interface GeneratedFile {
  /** Relative to the root of the source repository. */
  readonly path: string;

  /** Name of the option that determines the path. */
  readonly option: string;
  readonly executable?: boolean;

  /** Called at synthesis, when the construct tree is complete. */
  render(): string;
}

/**
 * Keeps a file of the source repository in sync with the app. Synthesis on a laptop writes the file. Synthesis in CI fails
 * if the committed file is out of date.
 *
 * @throws if another construct of the app writes the same file, because each would overwrite the other
 */
export function keepGenerated(scope: Construct, file: GeneratedFile): void {
  const other = claim(scope, file.path);
  if (other !== undefined) throw invalid(scope, `${file.option}: ${file.path} is already written by ${other}: pass another ${file.option}`);

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

/** Directory of the app within the repository: `.` for the root. */
export function appDirectory(): string {
  return path.relative(repositoryRoot() ?? process.cwd(), process.cwd()).split(path.sep).join('/') || '.';
}

/**
 * Returns the nearest directory that looks like the root of a repository, from the working directory upward. CodeBuild
 * checks out the sources without `.git`, and sets an environment variable to their directory.
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
