import { Token } from 'aws-cdk-lib';
import { ImageBuild } from './image-build';
import { checkExists, isWithin, sourcePath } from './source-path';
import { shown } from '../private/validation';
import { isMovableTag } from '../registry/movable-tags';

/** Settings of an image build, with all defaults. */
export interface BuildInputs {
  readonly context: string;
  readonly dockerfile: string;

  /** Paths relative to the root of the repository, or addresses that buildx understands. */
  readonly additionalContexts: Record<string, string>;
  readonly target?: string;
  readonly buildArgs: Record<string, string>;

  /** Environment variables by the ID of the secret. */
  readonly secrets: Record<string, string>;

  /** Tags in addition to the tag that identifies the image. */
  readonly tags: readonly string[];

  /** Compression attributes for the output of buildx. */
  readonly compression?: string;
  readonly rebuildSchedule?: string;
  readonly runsOn?: string;

  /** Paths relative to the root of the repository. A commit builds a new image only if it changes one of them. */
  readonly sources: readonly string[];
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Names that GitHub allows for secrets. */
const VARIABLE = /^(?!GITHUB_|RUNNER_)[A-Z_][A-Z0-9_]*$/;
const SECRET_ID = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const CONTEXT_NAME = /^[\w./:@-]+$/;
/** Excludes an OCI layout on disk, because nothing would show that its content has changed. */
const ADDRESS = /^(docker-image|https?|git|ssh):\/\/\S+$/;

/** Paths that buildx would interpret as the address of a repository or as a target. */
const LIKE_ADDRESS = /^github\.com\/|:/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const CRON = /^[\w*,/-]+( [\w*,/-]+){4}$/;

type Build = Omit<ImageBuild, 'registry' | 'promoteTo'>;

/**
 * Validates a build and adds defaults.
 *
 * @param property property of the build, for errors
 * @param root root of the source repository, to check paths; undefined if it is unknown
 * @throws if a setting is not valid
 */
export function buildInputs(property: string, build: Build, root: string | undefined): BuildInputs {
  const context = sourcePath(`${property}.context`, build.context ?? '.');
  const dockerfile = sourcePath(`${property}.dockerfile`, build.dockerfile ?? `${context}/Dockerfile`);
  if (context.startsWith('-')) throw new Error(`${property}.context ${shown(context)} begins with "-", so Docker would read it as an option: rename the directory`);
  checkExists(`${property}.context`, context, root, 'directory');
  checkExists(`${property}.dockerfile`, dockerfile, root, 'file');

  const { additionalContexts = {}, buildArgs = {}, secrets = {}, tags = [], target, rebuildSchedule, runsOn } = build;
  const contexts = mapped(additionalContexts, (name, value) => additionalContext(`${property}.additionalContexts`, name, value, root));
  const directories = Object.values(contexts).filter((value) => !ADDRESS.test(value)).map((value) => value.replace(/^\.\//, ''));
  checkEach(`${property}.buildArgs`, buildArgs, NAME, 'the name of a build argument: use letters, digits, and "_", and start with a letter or "_"');
  checkEach(`${property}.secrets`, secrets, SECRET_ID, 'the id of a secret: use letters, digits, ".", "_", and "-", and start with a letter or digit');
  for (const [id, variable] of Object.entries(secrets)) {
    if (!VARIABLE.test(variable)) {
      throw new Error(`${property}.secrets.${id} ${shown(variable)} is not the name of an environment variable for a secret: ` +
        'use uppercase letters, digits, and "_", and none of the prefixes that GitHub reserves (GITHUB_, RUNNER_)');
    }
    if (variable in buildArgs) throw new Error(`${property}.secrets.${id} is read from ${variable}, which is also the name of a build argument: rename one of them`);
  }
  checkTags(`${property}.tags`, tags);
  if (target !== undefined) checkWord(`${property}.target`, target);
  if (runsOn !== undefined) checkWord(`${property}.runsOn`, runsOn);
  if (rebuildSchedule !== undefined && !CRON.test(rebuildSchedule)) {
    throw new Error(`${property}.rebuildSchedule ${shown(rebuildSchedule)} is not a cron expression of GitHub Actions: pass five fields, such as "17 3 * * 1"`);
  }
  return {
    context,
    dockerfile,
    additionalContexts: contexts,
    target,
    buildArgs,
    secrets,
    tags,
    compression: build.compression?._attributes,
    rebuildSchedule,
    runsOn,
    sources: outermost([context, ...directories, dockerfile]).flatMap((path) =>
      // Docker also reads an ignore file next to the Dockerfile.
      path === dockerfile ? [dockerfile, `${dockerfile}.dockerignore`] : [path]),
  };
}

function additionalContext(property: string, name: string, value: string, root: string | undefined): string {
  if (!CONTEXT_NAME.test(name)) throw new Error(`${property}: ${shown(name)} is not the name of a build context: use letters, digits, and the characters _ . / : @ -`);
  if (ADDRESS.test(value) && !Token.isUnresolved(value)) return value;
  if (value.includes('://')) {
    throw new Error(`${property}.${name} ${shown(value)} is neither a directory of the source repository nor an address with one of these schemes: ` +
      'docker-image://, https://, http://, git://, ssh://');
  }

  const path = sourcePath(`${property}.${name}`, value);
  checkExists(`${property}.${name}`, path, root, 'directory');
  return LIKE_ADDRESS.test(path) ? `./${path}` : path;
}

function checkEach(property: string, values: Record<string, string>, names: RegExp, expected: string): void {
  for (const [name, value] of Object.entries(values)) {
    if (!names.test(name)) throw new Error(`${property}: ${shown(name)} is not ${expected}`);
    if (typeof value !== 'string' || Token.isUnresolved(value) || /\0|\p{Surrogate}/u.test(value)) {
      throw new Error(`${property}.${name} ${shown(value)} is not a string that is known at synthesis`);
    }
  }
}

function checkTags(property: string, tags: readonly string[]): void {
  for (const [index, tag] of tags.entries()) {
    if (!TAG.test(tag) || Token.isUnresolved(tag)) {
      throw new Error(`${property}[${index}] ${shown(tag)} is not a tag: pass 1 to 128 letters, digits, ".", "_", and "-", and do not start with "." or "-"`);
    }
    if (isMovableTag(tag) && tag !== 'latest') throw new Error(`${property}[${index}] ${shown(tag)}: tags that begin with "deployed-" or "cache" are reserved`);
    if (tags.indexOf(tag) !== index) throw new Error(`${property}[${index}] ${shown(tag)} is in the list twice`);
  }
}

function checkWord(property: string, word: string): void {
  if (typeof word !== 'string' || Token.isUnresolved(word) || !/^[^\s\p{Cc}]+$/u.test(word)) {
    throw new Error(`${property} ${shown(word)} is not a single word that is known at synthesis`);
  }
}

/** Removes paths that are within another path. */
function outermost(paths: string[]): string[] {
  const distinct = [...new Set(paths)];
  return distinct.filter((path) => !distinct.some((other) => other !== path && isWithin(path, other)));
}

function mapped(values: Record<string, string>, change: (name: string, value: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(name, value)]));
}
