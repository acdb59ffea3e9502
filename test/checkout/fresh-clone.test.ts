import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { satisfies } from 'semver';

/** Prevents warnings of `npm ci`, which is the first command in a fresh clone. */

interface LockedPackage {
  readonly engines?: { readonly node?: string };
  readonly hasInstallScript?: boolean;
  readonly deprecated?: string;
  readonly resolved?: string;
}

const CHECKOUT = join(__dirname, '../..');
const manifest = JSON.parse(read('package.json'));
const packages = Object.entries<LockedPackage>(JSON.parse(read('package-lock.json')).packages).slice(1);

const oldestNode = read('CONTRIBUTING.md').match(/Node\.js ≥ ([\d.]+)/)![1];

test('every dependency supports the minimum Node.js version, which CONTRIBUTING.md and README.md agree on', () => {
  expect(packages.filter(([, { engines }]) => !satisfies(`${oldestNode}.0`, engines?.node ?? '*'))).toEqual([]);
  expect(read('README.md')).toContain(`Node.js ≥ ${oldestNode} `);
});

test('every install script of a dependency is allowed or denied, and no entry is obsolete', () => {
  const withScripts = packages.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path.replace(/.*node_modules\//, ''));
  expect(withScripts).not.toEqual([]);
  expect(Object.keys(manifest.allowScripts).sort()).toEqual([...new Set(withScripts)].sort());
});

test('no dependency is deprecated', () => {
  expect(packages.filter(([, { deprecated }]) => deprecated)).toEqual([]);
});

test('the lockfile contains no host, so npm installs from the configured registry', () => {
  expect(packages.filter(([, { resolved }]) => resolved)).toEqual([]);
});

function read(file: string): string {
  return readFileSync(join(CHECKOUT, file), 'utf8');
}
