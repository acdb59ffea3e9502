import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { serviceIn, stages } from './shop';
import { DeployScript, PhasedFargateService } from '../../src';
import { testApp } from '../util/synth';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

let directory: string;

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'phased-fargate-script-'));
});

afterEach(() => fs.rmSync(directory, { recursive: true }));

test('the script deploys registries, pushes images, and deploys services', () => {
  const app = testApp();
  serviceIn(app);
  expect(run(app)).toMatchObject({
    status: 0,
    deployments: [
      'cdk deploy Shop/Registry --require-approval never',
      `cdk deploy Shop --require-approval never --parameters Shop:ApiImageTag=<tag>@${DIGEST}`,
    ],
  });
});

test('the script deploys every stage, or the stages in its arguments', () => {
  const { app } = stages();
  const [registry, staging, production] = [
    'cdk deploy Images --require-approval never',
    `cdk deploy Staging/Shop --require-approval never --parameters Staging-Shop:ApiImageTag=<tag>@${DIGEST}`,
    `cdk deploy Production/Shop --require-approval never --parameters Production-Shop:ApiImageTag=<tag>@${DIGEST}`,
  ];
  expect(run(app).deployments).toEqual([registry, staging, production]);
  expect(run(app, 'Production').deployments).toEqual([registry, production]);
  expect(run(app, 'Production', 'Staging').deployments).toEqual([registry, staging, production]);
});

test('a stack or a service as the scope limits the script to its own images and stacks', () => {
  const app = testApp();
  const api = serviceIn(app);
  new PhasedFargateService(Stack.of(api), 'Web');
  serviceIn(app, 'Admin');
  const registry = 'cdk deploy Shop/Registry --require-approval never';
  const [apiTag, webTag] = ['Api', 'Web'].map((id) => `--parameters Shop:${id}ImageTag=<tag>@${DIGEST}`);
  expect(run(Stack.of(api)).deployments).toEqual([registry, `cdk deploy Shop --require-approval never ${apiTag} ${webTag}`]);
  expect(run(api).deployments).toEqual([registry, `cdk deploy Shop --require-approval never ${apiTag}`]);
});

test('an unknown stage is refused before anything is deployed', () => {
  const { app } = stages();
  expect(run(app, 'Prod')).toMatchObject({ status: 2, deployments: [], output: expect.stringContaining('[Staging|Production]...') });
});

test('uncommitted changes are refused, because the tag of the image would not include them', () => {
  const app = testApp();
  serviceIn(app);
  const { status, output } = run(app, ...[], () => fs.writeFileSync(path.join(directory, 'new'), ''));
  expect(status).toBe(1);
  expect(output).toContain('error: there are uncommitted changes: commit them first');
});

/** Runs the script in a repository with one commit. In its AWS account, every image exists, and no service does. */
function run(scope: Construct, ...args: (string | (() => void))[]): { status: number | null; deployments: string[]; output: string } {
  const given = args.filter((arg) => typeof arg === 'string');
  const id = `deploy-${scope.node.root.node.findAll().length}`;
  const script = new DeployScript(scope, id, { scriptPath: `${id}.sh` }).render();
  const log = path.join(os.tmpdir(), `${path.basename(directory)}.log`);
  const commands = fs.mkdtempSync(path.join(os.tmpdir(), 'phased-fargate-commands-'));
  try {
    fs.writeFileSync(path.join(directory, 'deploy.sh'), script);
    fs.writeFileSync(log, '');
    const git = (...words: string[]) => execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...words], { cwd: directory });
    git('init', '--quiet');
    git('add', '--all');
    git('commit', '--quiet', '--allow-empty', '--message', 'a commit');
    args.filter((arg) => typeof arg === 'function').forEach((arg) => arg());

    fs.writeFileSync(path.join(commands, 'npx'), `#!/bin/sh\necho "$*" >> ${log}\n`, { mode: 0o755 });
    fs.writeFileSync(path.join(commands, 'aws'), `#!/bin/sh\n[ "$1" = cloudformation ] || echo ${DIGEST}\n`, { mode: 0o755 });
    const { status, stdout, stderr } = spawnSync('bash', ['deploy.sh', ...given], {
      cwd: directory,
      env: { ...process.env, PATH: `${commands}:${process.env.PATH}` },
      encoding: 'utf8',
    });
    const deployments = fs.readFileSync(log, 'utf8').replace(/[0-9a-f]{40}-[0-9a-f]{8}(?=@)/g, '<tag>').split('\n').filter((line) => line !== '');
    return { status, deployments, output: stdout + stderr };
  } finally {
    fs.rmSync(commands, { recursive: true });
    fs.rmSync(log);
  }
}
