import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { Installation, installationOf } from '../../src/pipeline/package-manager';

let root: string;

beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'phased-fargate-app-'));
});

afterEach(() => fs.rmSync(root, { recursive: true }));

/** Writes the files of a repository and returns the installation of the app. */
function installation(files: Record<string, string | object>, app = '.'): Installation {
  for (const [file, content] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    fs.writeFileSync(path.join(root, file), typeof content === 'string' ? content : JSON.stringify(content));
  }
  fs.mkdirSync(path.join(root, app), { recursive: true });
  return installationOf(path.join(root, app), root);
}

const LOCKED = 'whatever the lockfile holds';
const COREPACK = 'npx --yes corepack@0.34.7 enable --install-directory "$(dirname "$(command -v node)")"';

/** The command that puts bun on the path of later steps. */
function onPath(bun: string): string {
  return `dirname "$(npx --yes --package ${bun} --call 'command -v bun')" >> "$GITHUB_PATH"`;
}

test.each<[string, Record<string, string | object>, string, string[]]>([
  ['npm with a lockfile', { 'package.json': {}, 'package-lock.json': LOCKED }, 'npx cdk', ['npm ci']],
  ['npm without a lockfile', { 'package.json': {} }, 'npx cdk', ['npm install']],
  ['npm with a shrinkwrap file', { 'package.json': {}, 'npm-shrinkwrap.json': LOCKED }, 'npx cdk', ['npm ci']],
  ['pnpm with a lockfile', { 'package.json': {}, 'pnpm-lock.yaml': LOCKED }, 'pnpm exec cdk', ['pnpm install --frozen-lockfile']],
  ['yarn 1 with a lockfile', { 'package.json': {}, 'yarn.lock': '# yarn lockfile v1' }, 'yarn cdk', [COREPACK, 'yarn install --frozen-lockfile']],
  ['yarn 4 with a lockfile', { 'package.json': {}, 'yarn.lock': '__metadata:\n  version: 8\n' }, 'yarn cdk', [COREPACK, 'yarn install --immutable']],
  ['yarn 4 that only package.json names', { 'package.json': { packageManager: 'yarn@4.5.0' } }, 'yarn cdk', [COREPACK, 'yarn install --no-immutable']],
  ['bun with a lockfile', { 'package.json': {}, 'bun.lock': LOCKED }, 'npx cdk', ['npx --yes bun@1 install --frozen-lockfile', onPath('bun@1')]],
  ['the bun version in package.json', { 'package.json': { packageManager: 'bun@1.2.3' }, 'bun.lockb': LOCKED }, 'npx cdk', ['npx --yes bun@1.2.3 install --frozen-lockfile', onPath('bun@1.2.3')]],
  ['the package manager of the lockfile if package.json names another one', { 'package.json': { packageManager: 'yarn@4.5.0' }, 'package-lock.json': LOCKED }, 'npx cdk', ['npm ci']],
  ['the package manager in package.json if there are two lockfiles', { 'package.json': { packageManager: 'pnpm@9.1.0' }, 'package-lock.json': LOCKED, 'pnpm-lock.yaml': LOCKED }, 'pnpm exec cdk', ['pnpm install --frozen-lockfile']],
])('the installation uses %s', (_, files, cdkCommand, commands) => {
  expect(installation(files)).toMatchObject({ cdkCommand, steps: [{ name: 'Install', directory: '.', commands }] });
});

test.each([
  ["lockfileVersion: '9.0'", {}, '10'],
  ["lockfileVersion: '6.0'", {}, '8'],
  ['lockfileVersion: 5.4', {}, '7'],
  ["lockfileVersion: '9.0'", { packageManager: 'pnpm@9.15.0' }, undefined],
])('the pnpm version depends on the lockfile (%s), unless package.json sets it (%j)', (lockfile, manifest, version) => {
  const { steps: [step] } = installation({ 'package.json': manifest, 'pnpm-lock.yaml': lockfile });
  expect(step.pnpm).toEqual({ version });
});

test('lockfiles of two package managers are an error if package.json names neither', () => {
  expect(() => installation({ 'infra/package.json': {}, 'infra/package-lock.json': LOCKED, 'infra/yarn.lock': LOCKED }, 'infra')).toThrow(
    'infra has lockfiles of several package managers (package-lock.json, yarn.lock): delete all but one, or set packageManager in package.json');
});

describe('an app below the root of its repository', () => {
  const directories = (files: Record<string, string | object>) => installation(files, 'infra/app').steps.map(({ directory }) => directory);

  test('uses its own lockfile', () => {
    expect(directories({ 'package.json': {}, 'package-lock.json': LOCKED, 'infra/app/package.json': {}, 'infra/app/package-lock.json': LOCKED })).toEqual(['infra/app']);
  });

  test.each<[string, Record<string, string | object>]>([
    ['npm', { 'package.json': { workspaces: ['infra/*'] }, 'package-lock.json': LOCKED, 'infra/app/package.json': {} }],
    ['pnpm', { 'package.json': {}, 'pnpm-workspace.yaml': '', 'pnpm-lock.yaml': LOCKED, 'infra/app/package.json': {} }],
  ])('uses the lockfile of its %s workspace', (_, files) => {
    expect(directories(files)).toEqual(['.']);
  });

  test('uses the lockfile of a parent project if it has no package.json', () => {
    expect(directories({ 'package.json': {}, 'package-lock.json': LOCKED })).toEqual(['.']);
  });

  test('does not use the lockfile of a project that it does not belong to', () => {
    expect(directories({ 'package.json': {}, 'package-lock.json': LOCKED, 'infra/app/package.json': {} })).toEqual(['infra/app']);
  });
});

describe('an app in Python', () => {
  const TOOLS = '"$RUNNER_TEMP/python-tools"';

  test.each<[string, Record<string, string | object>, string[]]>([
    ['pip', { 'cdk.json': { app: 'python3 app.py' }, 'requirements.txt': 'aws-cdk-lib' }, ['python3 -m venv .venv', '.venv/bin/pip install --requirement requirements.txt']],
    ['poetry', { 'cdk.json': { app: 'poetry run python app.py' }, 'poetry.lock': '# This file is automatically @generated by Poetry 1.8.3 and should not be changed by hand.' }, [
      `python3 -m venv ${TOOLS}`, `${TOOLS}/bin/pip install poetry==1.8.3`, `POETRY_VIRTUALENVS_IN_PROJECT=true ${TOOLS}/bin/poetry install --no-root`,
      `echo ${TOOLS}/bin >> "$GITHUB_PATH"`,
    ]],
    ['uv', { 'cdk.json': { app: 'uv run app.py' }, 'uv.lock': LOCKED }, [
      `python3 -m venv ${TOOLS}`, `${TOOLS}/bin/pip install uv`, `${TOOLS}/bin/uv sync --frozen`, `echo ${TOOLS}/bin >> "$GITHUB_PATH"`,
    ]],
  ])('installs its packages with %s, so that python3 finds them', (_, files, commands) => {
    expect(installation(files)).toEqual({
      cdkCommand: 'npx --yes aws-cdk@2',
      steps: [{ name: 'Install Python packages', directory: '.', commands: [...commands, 'echo "$PWD/.venv/bin" >> "$GITHUB_PATH"'] }],
    });
  });

  test.each([['poetry run python app.py', 'poetry install'], ['uv run app.py', 'uv sync']])('with two lockfiles uses the package manager in %j', (app, command) => {
    const { steps: [{ commands }] } = installation({ 'cdk.json': { app }, 'poetry.lock': '', 'uv.lock': '' });
    expect(commands.join('\n')).toContain(`/bin/${command}`);
  });

  test('with two lockfiles cannot be installed if cdk.json names neither package manager', () => {
    expect(installation({ 'infra/cdk.json': { app: 'python3 app.py' }, 'infra/poetry.lock': '', 'infra/uv.lock': '' }, 'infra')).toMatchObject({
      steps: [], fault: 'infra has lockfiles of several package managers (poetry.lock, uv.lock): delete all but one',
    });
  });

  test.each(['pipenv run python app.py', 'python3 app.py'])('without a file of a supported package manager cannot be installed (%s)', (app) => {
    expect(installation({ 'cdk.json': { app }, 'Pipfile.lock': '{}' })).toMatchObject({
      steps: [], fault: 'cdk.json runs Python, but there is no requirements.txt, poetry.lock, or uv.lock: add one of them, or pass installCommand',
    });
  });

  test('uses npm for the CDK CLI if it has a package.json', () => {
    const files = { 'cdk.json': { app: '.venv/bin/python app.py' }, 'requirements.txt': '', 'package.json': {}, 'package-lock.json': LOCKED };
    expect(installation(files)).toMatchObject({ cdkCommand: 'npx cdk', steps: [{ commands: ['npm ci'] }, { name: 'Install Python packages' }] });
  });
});

test('a requirements.txt of an app in another language is not installed', () => {
  expect(installation({ 'cdk.json': { app: 'npx ts-node app.ts' }, 'requirements.txt': 'mkdocs', 'package.json': {} }).steps).toHaveLength(1);
});

test.each(['mvn -e -q compile exec:java', 'go mod download && go run .', 'dotnet run --project src'])('nothing is installed for an app that runs with %j', (app) => {
  expect(installation({ 'cdk.json': { app } })).toEqual({ cdkCommand: 'npx --yes aws-cdk@2', steps: [] });
});
