import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { actionlint, zizmor } from '../e2e/pipeline/judges';

const FOLDER = join(__dirname, '..', '..', '.github', 'workflows');
const WORKFLOWS = readdirSync(FOLDER);

/** Accepted findings in the workflows that projen writes, by rule of the linters. */
const ACCEPTED: Record<string, Record<string, string>> = {
  'aws-test.yml': {
    'anonymous-definition': 'projen names no jobs: their ids are shown',
    'undocumented-permissions': 'the role is assumed by a token of the run',
  },
  'build.yml': {
    'anonymous-definition': 'projen names no jobs: their ids are shown',
    'concurrency-limits': 'it publishes nothing that two runs could fight over',
    'SC2086': 'the file that outputs go to has no blanks in its name',
  },
  'docs-site.yml': {
    'anonymous-definition': 'projen names no jobs: their ids are shown',
    'undocumented-permissions': 'GitHub Pages takes the site from a job with these two only',
  },
  'pull-request-lint.yml': {
    'concurrency-limits': 'it takes seconds',
    'dangerous-triggers': 'it reads the title, and neither checks out nor runs what the pull request brings',
    'undocumented-permissions': 'the step says what it reads',
  },
  'release.yml': {
    'anonymous-definition': 'projen names no jobs: their ids are shown',
    'SC2015': 'the last command cannot fail',
    'SC2086': 'tags and the file that outputs go to have no blanks in their names',
    'undocumented-permissions': 'what is published by trust needs id-token, the release on GitHub contents',
  },
  'upgrade-main.yml': {
    'concurrency-limits': 'it runs once a week',
    'SC2086': 'the file that outputs go to has no blanks in its name',
    'secrets-outside-env': 'the token opens a pull request, and nothing else',
    'superfluous-actions': 'the action finds the pull request of last week',
    'template-injection': 'it is the path of a folder that the runner makes',
  },
};

test('every workflow is checked', () => {
  expect(WORKFLOWS.sort()).toEqual(Object.keys(ACCEPTED));
});

test.each(WORKFLOWS)('actionlint and zizmor with its auditor persona find in %s exactly what is accepted', (workflow) => {
  expect(findings(join(FOLDER, workflow))).toEqual(Object.keys(ACCEPTED[workflow]).sort());
});

test.each(WORKFLOWS)('each action of %s is pinned by its commit and names its version', (workflow) => {
  const uses = readFileSync(join(FOLDER, workflow), 'utf8').match(/\buses:.*/g)!;
  expect(uses.filter((use) => !/^uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(use))).toEqual([]);
});

test('the documentation site is neither generated nor published before a maintainer has enabled it', () => {
  const { jobs } = parse(readFileSync(join(FOLDER, 'docs-site.yml'), 'utf8'));
  const waits = (name: string): boolean =>
    jobs[name].if === "${{ vars.DOCS_SITE == 'true' }}" || (jobs[name].if === undefined && [jobs[name].needs ?? []].flat().some(waits));
  expect(Object.keys(jobs).filter((name) => !waits(name))).toEqual([]);
});

test('the linters report real faults', () => {
  const directory = mkdtempSync(join(tmpdir(), 'judged-'));
  try {
    const wrong = join(directory, 'wrong.yml');
    writeFileSync(wrong, readFileSync(join(FOLDER, 'release.yml'), 'utf8')
      .replace(/actions\/checkout@\S+ # .*/, 'actions/checkout@v7')
      .replace('persist-credentials: false', '')
      .replace('permissions: {}', 'permissions: write-all')
      .replace('needs.release.outputs', 'needs.releases.outputs'));
    expect(findings(wrong)).toEqual(expect.arrayContaining(['artipacked', 'excessive-permissions', 'expression', 'unpinned-uses']));
  } finally {
    rmSync(directory, { recursive: true });
  }
});

/** The rules of both linters, and of shellcheck through actionlint, that a workflow breaks. */
function findings(workflow: string): string[] {
  const lint = actionlint(workflow);
  const audit = zizmor(workflow);
  const rules = [
    ...[...lint.output.matchAll(/shellcheck reported issue in this script: (SC\d+)/g)],
    ...[...lint.output.matchAll(/^\S+:\d+:\d+: (?!shellcheck).* \[([\w-]+)\]$/gm)],
    ...[...audit.output.matchAll(/^(?:error|warning|help|info)\[([\w-]+)\]/gm)],
  ].map(([, rule]) => rule);
  if (rules.length === 0 && lint.exitCode! + audit.exitCode! > 0) throw new Error(lint.output + audit.output);
  return [...new Set(rules)].sort();
}
