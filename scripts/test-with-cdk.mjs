// Compiles and tests the library with a different version of aws-cdk-lib than the one in node_modules. This needs a copy of
// the library, because node_modules contains only one version. Only two kinds of tests run: those that synthesize templates,
// and the one that compares the options with aws-cdk-lib. The version does not affect any other test.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SYNTHESIZES = /Template\.fromStack|ReferenceGraph|templateFiles|policyStatements|guardProperties|\.synth\(\)/;
const COMPARES = 'test/docs/service-options.slow.test.ts';

const [version] = process.argv.slice(2);
const reports = join(process.cwd(), 'test-reports');
const copy = mkdtempSync(join(tmpdir(), 'phased-fargate-'));
const run = (command, ...args) => execFileSync(command, args, {
  cwd: copy,
  stdio: 'inherit',
  env: {
    ...process.env,
    // A deprecated API would cause warnings that users cannot fix.
    JSII_DEPRECATED: 'fail',
    JEST_JUNIT_OUTPUT_DIR: reports,
    JEST_JUNIT_OUTPUT_NAME: 'newest-cdk.xml',
  },
});

try {
  for (const part of ['src', 'test', 'assets', 'docs/guides', 'tsconfig.json', 'tsconfig.dev.json']) {
    cpSync(part, join(copy, part), { recursive: true });
  }
  const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
  writeFileSync(join(copy, 'package.json'), JSON.stringify({
    name: 'copy',
    private: true,
    jest: manifest.jest,
    // Only the tools for compiling and testing, and the tested versions of the peer dependencies.
    devDependencies: {
      ...manifest.dependencies,
      ...Object.fromEntries(Object.entries(manifest.devDependencies)
        .filter(([name]) => /^(@actions\/|@types\/|@smithy\/|csv-parse|fast-check|json-patch-test-suite|esbuild|jest|ts-jest|typescript)/.test(name))),
      'aws-cdk-lib': version,
      'constructs': '^10.5.1',
    },
  }));
  run('npm', 'install', '--no-audit', '--no-fund', '--prefer-offline');
  run('npx', 'tsc', '--noEmit', '-p', 'tsconfig.json');
  run('npx', 'jest', '--ci', '--coverage=false', '--runTestsByPath', ...selected());
} finally {
  rmSync(copy, { recursive: true, force: true });
}

function selected() {
  const files = readdirSync('test', { recursive: true }).map((file) => join('test', file)).filter((file) => file.endsWith('.test.ts'));
  const synthesizing = files.filter((file) => !/^test\/(docs|checkout)\//.test(file) && SYNTHESIZES.test(readFileSync(file, 'utf8')));
  // If no test of a folder matches, its tests synthesize in a way that SYNTHESIZES does not recognize.
  const folders = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory() && entry.name !== 'handler');
  for (const { name } of folders) {
    if (!synthesizing.some((file) => file.startsWith(join('test', name, '/')))) throw new Error(`no test in test/${name} synthesizes`);
  }
  console.log(`${synthesizing.length + 1} of ${files.length} test files depend on aws-cdk-lib`);
  return [...synthesizing, COMPARES];
}
