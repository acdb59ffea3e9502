// Compiles the library and runs the tests of its constructs against another version of aws-cdk-lib than the one it is
// developed with: in a copy, because node_modules can hold one version only.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [version] = process.argv.slice(2);
const reports = join(process.cwd(), 'test-reports');
const copy = mkdtempSync(join(tmpdir(), 'phased-fargate-'));
const run = (command, ...args) => execFileSync(command, args, {
  cwd: copy,
  stdio: 'inherit',
  env: {
    ...process.env,
    // What is deprecated there would warn each user of something that they did not write.
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
    // Of the tools, what compiling and testing takes; the peers in the versions under test.
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
  run('npx', 'jest', '--ci', '--coverage=false', '--testPathIgnorePatterns', 'test/docs/(?!service-options)', 'test/e2e', 'test/examples', 'test/guard/handler', 'test/handler', 'test/release-task/handler', 'test/checkout');
} finally {
  rmSync(copy, { recursive: true, force: true });
}
