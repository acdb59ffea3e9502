import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const CHECKOUT = join(__dirname, '../..');
const SCRIPT = 'scripts/require-bundles.mjs';
const BUNDLES = ['guard', 'release-task'].map((room) => `assets/${room}/handler/index.lambda/index.js`);

jest.setTimeout(60_000);

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'phased-fargate-pack-'));
  const { name, version, files, scripts } = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8'));
  write('package.json', JSON.stringify({ name, version, files, scripts }));
  cpSync(join(CHECKOUT, 'src'), join(directory, 'src'), { recursive: true });
  write(SCRIPT, readFileSync(join(CHECKOUT, SCRIPT), 'utf8'));
  BUNDLES.forEach((bundle) => write(bundle, 'exports.handler = () => {};'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function write(file: string, content: string): void {
  mkdirSync(dirname(join(directory, file)), { recursive: true });
  writeFileSync(join(directory, file), content);
}

function pack() {
  return spawnSync('npm', ['pack', '--dry-run'], { cwd: directory, encoding: 'utf8' });
}

test('npm packs the library if the bundles of all handlers exist', () => {
  const { status, stderr } = pack();
  expect({ status, stderr }).toMatchObject({ status: 0 });
  BUNDLES.forEach((bundle) => expect(stderr).toContain(bundle));
});

test.each(BUNDLES)('without %s, npm packs nothing and prints the command to run', (bundle) => {
  rmSync(join(directory, bundle));
  const { status, stdout, stderr } = pack();
  expect(status).not.toBe(0);
  expect(stdout).not.toContain('.tgz');
  expect(stderr).toContain(`${bundle} is missing or empty: run "npx projen bundle" before you pack`);
});

test('an empty bundle counts as missing', () => {
  write(BUNDLES[0], '');
  const { status, stderr } = pack();
  expect(status).not.toBe(0);
  expect(stderr).toContain(BUNDLES[0]);
});
