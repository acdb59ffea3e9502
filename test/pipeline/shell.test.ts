import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import * as fc from 'fast-check';
import { functions, indented, quoted } from '../../src/pipeline/shell';

const OURS = `sha256:${'a'.repeat(64)}`;
const THEIRS = `sha256:${'b'.repeat(64)}`;

describe('a quoted word', () => {
  const printed = (script: string) => execFileSync('bash', ['--norc', '-c', script], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });

  test('means the same word to bash, and is on one line, so that indentation does not change it', () => {
    const words = fc.array(fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: fc.constantFrom('\n', '\r', '\t', '\\', "'", '"', '$', '`', 'a', '1', ' ', '\u0001', '\u0085', '\u2028', 'é', '!', '{', ',', '*', '~', '#', '=') }),
    ).filter((word) => !word.includes('\0')), { minLength: 1, maxLength: 200 });
    fc.assert(fc.property(words, (many) => {
      const call = indented(`printf '%s\\0' ${many.map(quoted).join(' ')}`);
      expect(call).not.toMatch(/[\n\r]/);
      expect(printed(call).split('\0').slice(0, -1)).toEqual(many);
    }), { numRuns: 20 });
  });

  test.each([['a/b.c', 'a/b.c'], ['', "''"], ["it's", "'it'\\''s'"], ['a\\', "$'a\\\\'"], ['a\nb', "$'a\\nb'"]])('of %j is %s', (word, expected) => {
    expect(quoted(word)).toBe(expected);
  });
});

describe('the definitions of functions', () => {
  test('include exactly the functions that the commands call, directly or indirectly', () => {
    const defined = (commands: string) => functions(commands).match(/^\w+(?=\(\) \{$)/gm);
    expect(defined('digest=$(look_up 1 2 3 4)')).toEqual(['look_up']);
    expect(defined('push_image 1 2 3 4')).toEqual(['complain', 'look_up', 'push_image', 'pushed_image']);
    expect(defined('echo nothing')).toBeNull();
  });

  test('are in files with the names of the functions, and handle failures even where set -e has no effect', () => {
    for (const file of fs.readdirSync('src/pipeline/shell')) {
      const text = fs.readFileSync(path.join('src/pipeline/shell', file), 'utf8');
      const name = path.basename(file, '.sh').replace(/-/g, '_');
      expect(text).toMatch(new RegExp(`^#!/usr/bin/env bash\n\n# ${name}\\b.*\n(# .*\n)+${name}\\(\\) \\{\n[^]*\n\\}\n$`));
      // `set -e` has no effect in a condition, so each assignment from a command must handle a failure.
      for (const [line] of text.matchAll(/^ *\w+=\$\([^]*?\)( \|\| return)?$/gm)) expect({ file, line }).toEqual({ file, line: expect.stringMatching(/\|\| return$/) });
    }
  });
});

describe('the digest of a pushed image', () => {
  test('is the digest of the build', () => {
    const aws = new Account();
    expect(aws.run('push_image 1 eu-1 shop t --tag uri:t .')).toMatchObject({ status: 0, stdout: `${OURS}\n` });
    expect(aws.calls('docker')).toEqual(['buildx build --push --tag uri:t .']);
  });

  test('is the digest of another build if that build pushed the immutable tag first', () => {
    const aws = new Account({ meanwhile: { t: THEIRS } });
    expect(aws.run('push_image 1 eu-1 shop t --tag uri:t .')).toMatchObject({ status: 0, stdout: `${THEIRS}\n`, stderr: expect.stringContaining('immutable') });
  });

  test('is missing if the build failed', () => {
    const aws = new Account({ fails: 'build' });
    expect(aws.run('push_image 1 eu-1 shop t --tag uri:t .')).toMatchObject({
      status: 1, stdout: '', stderr: expect.stringContaining('error: the image shop:t was not built, and no other build has pushed it'),
    });
  });

  test('with a moving tag is never the digest of an earlier build', () => {
    const aws = new Account({ tags: { main: THEIRS }, fails: 'build' });
    expect(aws.run('push_moving_image 1 eu-1 shop main --tag uri:main .')).toMatchObject({ status: 1, stdout: '' });
  });

  test.each(['push_image 1 eu-1 shop t .', 'look_up 1 eu-1 shop t', 'pushed_image 1 eu-1 shop t', 'copy_image uri sha256:0 1 eu-1 shop uri t', 'newest_tag 1 eu-1 shop t'])(
    'fails if the registry cannot be queried: %s', (call) => {
      const denied = new Account({ fails: 'aws' });
      expect(denied.run(call)).toMatchObject({ stderr: expect.stringContaining('AccessDenied') });
      expect(denied.run(call).status).not.toBe(0);
      expect(denied.run(`if answer=$(${call}); then echo "it has $answer"; else echo none; fi`).stdout).toBe('none\n');
    });
});

describe('the tag', () => {
  test('consists of the last commit that changed any of the paths, and the settings', () => {
    const aws = new Account();
    const first = aws.commit('api/a', 'one');
    aws.commit('web/b', 'two');
    expect(aws.run('image_tag 0a1b2c3d :/api :/api.dockerfile').stdout).toBe(`${first}-0a1b2c3d\n`);
    const third = aws.commit('api.dockerfile', 'three');
    expect(aws.run('image_tag 0a1b2c3d :/api :/api.dockerfile').stdout).toBe(`${third}-0a1b2c3d\n`);
  });

  test('cannot be determined if no commit contains the sources', () => {
    const aws = new Account();
    aws.commit('api/a', 'one');
    expect(aws.run('image_tag 0a1b2c3d :/web')).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('no commit contains any of :/web') });
  });

  test('is the tag of the latest rebuild, if there is one', () => {
    const tags = { 'c-1': OURS, 'c-1-20261109T0300': OURS, 'c-1-20261102T0300': OURS, 'c-2-20261116T0300': OURS, 'latest': OURS };
    expect(new Account({ tags }).run('newest_tag 1 eu-1 shop c-1').stdout).toBe('c-1-20261109T0300\n');
    expect(new Account({ tags: { other: OURS } }).run('newest_tag 1 eu-1 shop c-1').stdout).toBe('c-1\n');
    expect(new Account({ tags: {} }).run('newest_tag 1 eu-1 shop c-1').stdout).toBe('c-1\n');
  });

  test('cannot be used if there are uncommitted changes', () => {
    const aws = new Account();
    aws.commit('api/a', 'one');
    expect(aws.run('refuse_changes :/api')).toMatchObject({ status: 0, stdout: '', stderr: '' });
    fs.writeFileSync(path.join(aws.directory, 'api/new'), '');
    expect(aws.run('refuse_changes :/api')).toMatchObject({ status: 1, stderr: '?? api/new\nerror: there are uncommitted changes: commit them first, because the image tag names a commit\n' });
    expect(aws.run('refuse_changes :/web')).toMatchObject({ status: 0 });
  });
});

describe('a copy', () => {
  test('is made by digest, is compared, and is not made twice', () => {
    const aws = new Account();
    expect(aws.run(`copy_image from ${OURS} 1 eu-1 shop to t`)).toMatchObject({ status: 0 });
    expect(aws.run(`copy_image from ${OURS} 1 eu-1 shop to t`)).toMatchObject({ status: 0 });
    expect(aws.calls('docker')).toEqual([`buildx imagetools create --prefer-index=false --tag to:t from@${OURS}`]);
  });

  test('is accepted if another run made it in the meantime', () => {
    expect(new Account({ meanwhile: { t: OURS } }).run(`copy_image from ${OURS} 1 eu-1 shop to t`)).toMatchObject({ status: 0 });
  });

  test('fails if the immutable tag names another image, or if no image arrives', () => {
    expect(new Account({ tags: { t: THEIRS } }).run(`copy_image from ${OURS} 1 eu-1 shop to t`))
      .toMatchObject({ status: 1, stderr: expect.stringContaining(`error: cannot tag ${OURS} as to:t: the tag points to ${THEIRS}; see the output above`) });
    expect(new Account({ fails: 'build' }).run(`copy_image from ${OURS} 1 eu-1 shop to t`))
      .toMatchObject({ status: 1, stderr: expect.stringContaining(`error: cannot tag ${OURS} as to:t: the tag points to no image; see the output above`) });
  });

  test('logs in to both registries once, and only if needed', () => {
    const aws = new Account();
    aws.run(`promote_image eu-1 one.example/a ${OURS} 2 us-1 shop two.example/a t; promote_image eu-1 one.example/a ${OURS} 2 us-1 shop two.example/a t`);
    expect(aws.calls('docker').filter((call) => call.startsWith('login'))).toEqual(['one.example', 'two.example'].map((host) => `login --username AWS --password-stdin ${host}`));
    aws.run(`promote_image eu-1 one.example/a ${OURS} 1 eu-1 shop one.example/a latest`);
    expect(aws.calls('docker').filter((call) => call.startsWith('login'))).toHaveLength(3);
  });
});

describe('secrets of a build', () => {
  test.each([['', 1], ['value', 0]])('with the value "%s" result in exit code %d', (NPM_TOKEN, status) => {
    expect(new Account().run('require_secrets NPM_TOKEN', { NPM_TOKEN }).status).toBe(status);
  });

  test('that are not set are reported, and no value is printed', () => {
    const { status, stdout, stderr } = new Account().run('require_secrets NPM_TOKEN OTHER', { NPM_TOKEN: 'hunter2' });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toBe('error: the image is built with a secret from the environment variable OTHER, which is not set\n');
  });
});

describe('a read-only command', () => {
  const shown = 'show() { echo "$AWS_ACCESS_KEY_ID $1"; return 3; }; export AWS_ACCESS_KEY_ID=mine';

  test('runs with the lookup role, and later commands run without it', () => {
    const { stdout } = new Account().run(`${shown}\nas_reader eu-1 '{"RoleArn":"arn:aws:iam::1:role/lookup"}' show it || echo "$? $AWS_ACCESS_KEY_ID"`);
    expect(stdout).toBe('key-of-lookup it\n3 mine\n');
  });

  test('runs with the credentials of the caller if they cannot assume the role', () => {
    const { stdout, stderr } = new Account({ fails: 'aws' }).run(`${shown}\nas_reader eu-1 '{}' show it || echo $?`);
    expect(stdout).toBe('mine it\n3\n');
    expect(stderr).toContain('AccessDenied');
  });

  test('does not report the role if the credentials of the caller are sufficient', () => {
    const { status, stdout, stderr } = new Account({ fails: 'aws' }).run("as_reader eu-1 '{}' echo it");
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'it\n', stderr: '' });
  });

  test('ignores a warning of the AWS CLI', () => {
    const { stdout } = new Account({ warns: true }).run(`${shown}\nas_reader eu-1 '{"RoleArn":"arn:aws:iam::1:role/lookup"}' show it || true`);
    expect(stdout).toBe('key-of-lookup it\n');
  });
});

test('an error is reported as an annotation in GitHub Actions', () => {
  expect(new Account().run('complain "no good"', { GITHUB_ACTIONS: 'true' }).stderr).toBe('::error::no good\n');
});

describe('to select stages,', () => {
  test.each([
    ['only_stages 2 Dev Prod', 0], ['only_stages 2 Dev Prod Prod', 0], ['only_stages 2 Dev Prod Dev Prod', 0],
    ['only_stages 2 Dev Prod Prods', 2], ['only_stages 2 Dev Prod "Dev Prod"', 2], ['only_stages 2 Dev Prod ""', 2],
    ['wanted Dev', 0], ['wanted Dev Dev', 0], ['wanted Dev Prod Dev', 0], ['wanted Dev Prod', 1], ['wanted Dev ""', 1],
  ])('%s exits with %d', (call, status) => {
    expect(new Account().run(call).status).toBe(status);
  });
});

interface Circumstances {
  /** Digests by tag. No tag can be overwritten. */
  readonly tags?: Record<string, string>;
  /** Digests by tag that another run pushes right before the command of this run. */
  readonly meanwhile?: Record<string, string>;
  readonly fails?: 'aws' | 'build';
  /** Whether the AWS CLI prints a warning first. */
  readonly warns?: boolean;
}

const accounts: Account[] = [];
afterAll(() => accounts.forEach((account) => fs.rmSync(account.directory, { recursive: true })));

/** A working copy, with stand-ins for the AWS CLI and Docker that share a registry. */
class Account {
  public readonly directory = fs.mkdtempSync(path.join(os.tmpdir(), 'phased-fargate-shell-'));
  private readonly bin = path.join(this.directory, '.bin');

  constructor({ tags = {}, meanwhile = {}, fails, warns }: Circumstances = {}) {
    accounts.push(this);
    for (const name of ['.bin', '.tags', '.meanwhile', '.calls']) fs.mkdirSync(path.join(this.directory, name));
    for (const [tag, digest] of Object.entries(tags)) fs.writeFileSync(path.join(this.directory, '.tags', tag), digest);
    for (const [tag, digest] of Object.entries(meanwhile)) fs.writeFileSync(path.join(this.directory, '.meanwhile', tag), digest);
    fs.writeFileSync(path.join(this.directory, '.gitignore'), '.*\n');
    this.git('init', '--quiet');
    this.command('aws', `${fails === 'aws' ? 'echo "An error occurred (AccessDenied)" >&2; exit 254' : ''}
      ${warns ? 'echo "DeprecationWarning: old" >&2' : ''}
      case $2 in
        get-login-password) echo password ;;
        assume-role) role=\${6##*/}; printf 'key-of-%s\tsecret\ttoken\n' "\${role%%\\"*}" ;;
        list-images) ls "$TAGS" | grep "^$(sed "s/.*, '//; s/').*//" <<< "\${12}")" || true ;;
        describe-images)
          tag=\${10#imageTag=}
          if [[ -e $TAGS/$tag ]]; then cat "$TAGS/$tag"; else echo "An error occurred (ImageNotFoundException)" >&2; exit 254; fi ;;
      esac`);
    this.command('docker', `echo "$*" >> "$CALLS/docker"
      [[ $1 == login ]] && exec cat > /dev/null
      ${fails === 'build' ? 'echo "exit code: 1" >&2; exit 1' : ''}
      cp "$MEANWHILE"/* "$TAGS" 2> /dev/null
      reference=$(grep -o -- '--tag [^ ]*' <<< "$*") tag=\${reference##*:}
      if [[ -e $TAGS/$tag ]]; then echo "tag $tag is immutable" >&2; exit 1; fi
      digest=$(grep -o 'sha256:.*' <<< "$*"); echo "\${digest:-${OURS}}" > "$TAGS/$tag"`);
  }

  public run(call: string, env: Record<string, string> = {}) {
    const { PATH, HOME } = process.env;
    const at = (name: string) => path.join(this.directory, name);
    return spawnSync('bash', ['--norc', '-c', `set -euo pipefail\n${functions(call)}\n${call}`], {
      cwd: this.directory,
      encoding: 'utf8',
      env: { HOME, PATH: `${this.bin}:${PATH}`, TAGS: at('.tags'), MEANWHILE: at('.meanwhile'), CALLS: at('.calls'), ...env },
    });
  }

  public calls(command: string): string[] {
    const file = path.join(this.directory, '.calls', command);
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim().split('\n') : [];
  }

  public commit(file: string, content: string): string {
    fs.mkdirSync(path.dirname(path.join(this.directory, file)), { recursive: true });
    fs.writeFileSync(path.join(this.directory, file), content);
    this.git('add', '--all');
    this.git('commit', '--quiet', '--message', 'a change');
    return this.git('rev-parse', 'HEAD').trim();
  }

  private git(...args: string[]): string {
    return execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: this.directory, encoding: 'utf8' });
  }

  private command(name: string, script: string): void {
    fs.writeFileSync(path.join(this.bin, name), `#!/usr/bin/env bash\n${script}\n`, { mode: 0o755 });
  }
}
