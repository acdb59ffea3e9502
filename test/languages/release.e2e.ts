import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Requirements of the package registries, checked before publishing. test/package does the same for npm. */

const DIST = join(__dirname, '..', '..', 'dist');
const TWINE = 'twine==6.2.0';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'phased-fargate-release-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('PyPI would accept the wheel and the source distribution and can render their page', () => {
  const packages = readdirSync(join(DIST, 'python'));
  expect(packages.map((name) => name.replace(/[\d.]+\d/, 'VERSION')).sort()).toEqual(['phased_fargate-VERSION-py3-none-any.whl', 'phased_fargate-VERSION.tar.gz']);

  run(directory, 'python3', '-m', 'venv', '.venv');
  run(directory, '.venv/bin/python', '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', TWINE);
  expect(run(directory, '.venv/bin/twine', 'check', '--strict', ...packages.map((name) => join(DIST, 'python', name)))).toMatch(/PASSED[^]*PASSED/);
});

// jsii-pacmak has run Maven to verify it and deploy it to a folder.
describe('Maven Central', () => {
  const files = readdirSync(join(DIST, 'java'), { recursive: true, encoding: 'utf8' }).map((file) => join(DIST, 'java', file));
  const find = (ending: string) => files.find((file) => new RegExp(`/phased-fargate-[\\d.]+\\d${ending}$`).test(file))!;
  const content = (ending: string) => run(directory, 'jar', '--list', '--file', find(ending));

  test('receives classes, sources, documentation and a POM, all with checksums', () => {
    for (const ending of ['.pom', '.jar', '-sources.jar', '-javadoc.jar']) {
      for (const algorithm of ['md5', 'sha1']) {
        expect(readFileSync(`${find(ending)}.${algorithm}`, 'utf8')).toBe(createHash(algorithm).update(readFileSync(find(ending))).digest('hex'));
      }
    }
    expect(content('.jar')).toMatch(/^io\/github\/org\/phasedfargate\/PhasedFargateService\.class$/m);
    expect(content('-sources.jar')).toMatch(/^io\/github\/org\/phasedfargate\/PhasedFargateService\.java$/m);
    expect(content('-javadoc.jar')).toMatch(/^io\/github\/org\/phasedfargate\/PhasedFargateService\.html$/m);
  });

  test.each([
    '<groupId>io.github.org</groupId>', '<artifactId>phased-fargate</artifactId>', /<version>[\d.]+<\/version>/, /<name>.+<\/name>/, /<description>.+<\/description>/,
    /<url>https:.+<\/url>/, /<license>\s*<name>Apache.+<\/name>\s*<url>https:.+<\/url>/, /<developer>[^]*<email>.+<\/email>/,
    /<scm>\s*<connection>scm:git:https:.+<\/connection>\s*<url>https:.+<\/url>/,
  ])('receives a POM that contains %s', (demand) => {
    const pom = readFileSync(find('.pom'), 'utf8');
    expect(pom.includes('SNAPSHOT')).toBe(false);
    expect(pom).toMatch(demand);
  });
});

test('the Go module can be fetched by its path, and go vet finds nothing in it', () => {
  const module = join(directory, 'phasedfargate');
  cpSync(join(DIST, 'go', 'phasedfargate'), module, { recursive: true });
  expect(run(module, 'go', 'list', '-m').trim()).toBe('github.com/org/phased-fargate-go/phasedfargate');
  expect(readdirSync(module)).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'go.mod', 'version']));

  // Fetching a module adds the checksums of its dependencies to the requesting module.
  run(module, 'go', 'mod', 'tidy');
  run(module, 'go', 'vet', './...');
});

function run(cwd: string, command: string, ...args: string[]): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
