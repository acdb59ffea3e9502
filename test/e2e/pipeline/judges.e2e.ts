import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { actionlint, shellcheck, zizmor } from './judges';
import { EXAMPLES, PIPELINE_EXAMPLES } from './render-examples';

/** Independent linters check the generated files of the examples. No finding is accepted, and none is suppressed. */

const WORKFLOWS = PIPELINE_EXAMPLES.map((example) => join(EXAMPLES, example, '.github/workflows/deploy.yml')).filter(existsSync);
const SCRIPTS = PIPELINE_EXAMPLES.map((example) => join(EXAMPLES, example, 'deploy.sh')).filter(existsSync);

test('there are workflows and scripts to check', () => {
  expect(WORKFLOWS.length).toBeGreaterThanOrEqual(2);
  expect(SCRIPTS.length).toBeGreaterThanOrEqual(1);
});

describe.each(WORKFLOWS)('%s', (workflow) => {
  test('has no findings from actionlint with shellcheck', () => {
    expect(actionlint(workflow)).toEqual({ exitCode: 0, output: '' });
  });

  test('has no findings from zizmor with its auditor persona', () => {
    expect(zizmor(workflow)).toEqual({ exitCode: 0, output: expect.stringContaining('No findings to report') });
  });

  test('suppresses no findings', () => {
    expect(readFileSync(workflow, 'utf8')).not.toMatch(/zizmor: *ignore|shellcheck disable/);
  });
});

test.each(SCRIPTS)('shellcheck finds nothing in %s', (script) => {
  expect(shellcheck(script)).toEqual({ exitCode: 0, output: '' });
});

test('the linters report real faults', () => {
  const directory = mkdtempSync(join(tmpdir(), 'judged-'));
  try {
    const wrong = join(directory, 'wrong.yml');
    writeFileSync(wrong, readFileSync(WORKFLOWS[0], 'utf8')
      .replace('needs.deploy-registry.result', 'needs.deploy-registries.result')
      .replace('"$GITHUB_OUTPUT"', '$GITHUB_OUTPUT')
      .replace(/actions\/checkout@\S+/, 'actions/checkout@v7'));
    expect(actionlint(wrong).output).toMatch(/property "deploy-registries" is not defined/);
    expect(actionlint(wrong).output).toMatch(/shellcheck reported issue.*SC2086/);
    expect(zizmor(wrong).output).toMatch(/unpinned-uses/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
