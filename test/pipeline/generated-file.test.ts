import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { Stage } from 'aws-cdk-lib';
import { serviceIn, workflow } from './shop';
import { DeployScript } from '../../src';
import { testApp } from '../util/synth';

const WORKFLOW = '.github/workflows/deploy.yml';

let repository: string;
const { CI } = process.env;

beforeEach(() => {
  repository = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'phased-fargate-repository-'));
  jest.spyOn(process, 'cwd').mockImplementation(() => repository);
});

afterEach(() => {
  jest.restoreAllMocks();
  restoreCi();
  fs.rmSync(repository, { recursive: true });
});

test('on a laptop, synthesis writes the file, and rewrites it when the app changes', () => {
  synth();
  const first = read(WORKFLOW);
  expect(first).toMatch(/^# Generated from the CDK app by @org\/phased-fargate\. Do not edit:\n# change the app and run "npx cdk synth"/);

  synth({ branch: 'trunk' });
  expect(read(WORKFLOW)).not.toBe(first);
  expect(read(WORKFLOW)).toContain('- trunk');
});

test('a file that is up to date is not written', () => {
  synth();
  const { mtimeMs } = fs.statSync(path.join(repository, WORKFLOW));
  synth();
  expect(fs.statSync(path.join(repository, WORKFLOW)).mtimeMs).toBe(mtimeMs);
});

describe('in CI', () => {
  test('synthesis succeeds if the file is up to date', () => {
    synth();
    inCi(synth);
  });

  test('synthesis fails for a stale file with the remedy, and does not change the file', () => {
    synth();
    const before = read(WORKFLOW);
    expect(() => inCi(() => synth({ branch: 'trunk' }))).toThrow(
      '.github/workflows/deploy.yml is stale: it is generated from this app, so run "npx cdk synth" on your machine and commit the file (at Deploy)');
    expect(read(WORKFLOW)).toBe(before);
  });

  test('synthesis fails for a missing file', () => {
    expect(() => inCi(synth)).toThrow('.github/workflows/deploy.yml is not in the repository');
    expect(fs.existsSync(path.join(repository, WORKFLOW))).toBe(false);
  });
});

test.each(['.git', '.github'])('files are below the nearest directory with a %s, and the workflow runs where the app is', (name) => {
  const root = repository;
  fs.mkdirSync(path.join(root, name));
  repository = path.join(root, 'infra', 'app');
  fs.mkdirSync(repository, { recursive: true });
  try {
    synth();
  } finally {
    repository = root;
  }
  expect(read(WORKFLOW)).toContain('working-directory: infra/app');
});

test('the script is executable, and can be in any directory', () => {
  const app = testApp();
  serviceIn(app);
  new DeployScript(app, 'Script', { scriptPath: 'ci/deploy.sh' });
  outsideCi(() => app.synth());
  expect(() => fs.accessSync(path.join(repository, 'ci/deploy.sh'), fs.constants.X_OK)).not.toThrow();
  expect(read('ci/deploy.sh')).toContain('cd "$(dirname "$0")/.."');
});

test('two constructs of one app cannot write the same file', () => {
  const app = testApp();
  const api = serviceIn(app);
  workflow(app);
  new DeployScript(app, 'Script');
  expect(() => workflow(new Stage(app, 'Prod'))).toThrow(
    'workflowName: .github/workflows/deploy.yml is already written by Deploy: pass another workflowName (at Prod/Deploy)');
  expect(() => new DeployScript(api, 'Script', { scriptPath: './deploy.sh' })).toThrow(
    'scriptPath: deploy.sh is already written by Script: pass another scriptPath (at Shop/Api/Script)');
});

function synth(props: Parameters<typeof workflow>[1] = {}): void {
  const app = testApp();
  serviceIn(app);
  workflow(app, props);
  if (process.env.CI === 'in this test') app.synth();
  else outsideCi(() => app.synth());
}

function inCi(work: () => void): void {
  process.env.CI = 'in this test';
  work();
}

function outsideCi(work: () => void): void {
  delete process.env.CI;
  work();
}

function restoreCi(): void {
  if (CI === undefined) delete process.env.CI;
  else process.env.CI = CI;
}

function read(file: string): string {
  return fs.readFileSync(path.join(repository, file), 'utf8');
}
