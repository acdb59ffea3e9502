import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { readJson } from '../consumer';

const CHECKOUT = join(__dirname, '..', '..');

/** Exclusions, as `rule` or `rule:scope`. The reasons are in .projenrc.ts. */
const EXCLUDED: string[] = readJson(join(CHECKOUT, 'awslint.json')).exclude;

test('awslint finds exactly what is excluded', () => {
  const found = findings('--no-config');
  expect(found.length).toBeGreaterThan(0);
  expect(found.filter((finding) => !EXCLUDED.some((exclusion) => covers(exclusion, finding)))).toEqual([]);
  expect(EXCLUDED.filter((exclusion) => !found.some((finding) => covers(exclusion, finding)))).toEqual([]);
});

test('"npx awslint" succeeds', () => {
  expect(findings()).toEqual([]);
});

/** Findings of any severity, as `rule:scope`. */
function findings(...args: string[]): string[] {
  const { stdout, stderr } = spawnSync('npx', ['awslint', '--no-compile', ...args], { cwd: CHECKOUT, encoding: 'utf8' });
  const lines = (stdout + stderr).split('\n').filter((line) => line !== '');
  const read = lines.map((line) => /^(error|warning|skipped|success): \[awslint:([^\]]+)\] /.exec(line));
  // It can fail without a finding.
  expect(lines.filter((_, index) => !read[index])).toEqual([]);
  return read.filter((line) => /error|warning/.test(line![1])).map((line) => line![2]);
}

function covers(exclusion: string, finding: string): boolean {
  return finding === exclusion || finding.startsWith(`${exclusion}:`);
}
