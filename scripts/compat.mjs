// Compares the API with the last release on npm. Fails for breaking changes that the allow-list does not contain. The
// release uses the installed peer dependencies, so changes of aws-cdk-lib do not count.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const [allowList] = process.argv.slice(2);
const { name } = JSON.parse(readFileSync('package.json', 'utf8'));
const version = latest();
if (version === undefined) {
  console.log(`${name} has no release on npm: there is nothing to compare with`);
  process.exit(0);
}

const directory = mkdtempSync(join(tmpdir(), 'phased-fargate-release-'));
try {
  const [{ filename }] = JSON.parse(execFileSync('npm', ['pack', '--json', `${name}@${version}`], { cwd: directory, encoding: 'utf8' }));
  execFileSync('tar', ['-xzf', filename], { cwd: directory });
  const release = join(directory, 'package');
  rmSync(join(release, 'node_modules'), { recursive: true, force: true });
  symlinkSync(resolve('node_modules'), join(release, 'node_modules'));
  // Without "all", jsii-diff accepts breaking changes in experimental APIs, and the whole library is experimental.
  const { status } = spawnSync('npx', ['jsii-diff', release, '.', '--keys', '--error-on', 'all', '--ignore-file', allowList], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}

function latest() {
  const { status, stdout, stderr } = spawnSync('npm', ['view', '--json', name, 'version'], { encoding: 'utf8' });
  const answer = stdout.trim() && JSON.parse(stdout);
  if (answer?.error?.code === 'E404') return undefined;
  if (status !== 0) throw new Error(`npm cannot tell the last release of ${name}: ${stderr}`);
  return answer;
}
