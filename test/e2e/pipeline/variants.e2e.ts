import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Duration, Stack, Stage } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { actionlint, Verdict, zizmor } from './judges';
import { DeployWorkflowProps, ImageRegistry, PhasedFargateService } from '../../../src';
import { ENV, inSources, workflow } from '../../pipeline/shop';
import { testApp } from '../../util/synth';

/** Independent linters check workflows with options that the examples do not use. */

const DIFF = { diffRoleArn: 'arn:aws:iam::111122223333:role/diff' };

test.each<[string, Record<string, string>, Partial<DeployWorkflowProps>]>([
  ['a diff on pull requests, with checks', { 'package.json': '{}', 'package-lock.json': '{}' }, { ...DIFF, checks: { 'lint': 'npm run lint', 'unit-tests': 'npm test' } }],
  ['pnpm', { 'package.json': '{}', 'pnpm-lock.yaml': "lockfileVersion: '9.0'" }, DIFF],
  ['yarn', { 'package.json': '{}', 'yarn.lock': '' }, DIFF],
  ['bun', { 'package.json': '{}', 'bun.lock': '' }, {}],
  ['pip', { 'cdk.json': '{"app":"python3 app.py"}', 'requirements.txt': '' }, {}],
  ['poetry', { 'cdk.json': '{"app":"poetry run python app.py"}', 'poetry.lock': '' }, DIFF],
  ['uv', { 'cdk.json': '{"app":"uv run app.py"}', 'uv.lock': '' }, {}],
  ['long jobs, in environments, on runners of another architecture', {}, {
    deployTimeout: Duration.hours(3), buildTimeout: Duration.hours(2), buildEnvironmentName: 'build', runsOn: 'ubuntu-24.04-arm',
  }],
])('actionlint with shellcheck and zizmor with its auditor persona find nothing in a workflow with %s', (_, files, props) => {
  const text = inSources({ directories: ['.', 'service'], files: Object.keys(files) }, (root) => {
    for (const [file, content] of Object.entries(files)) writeFileSync(join(root, file), content);
    const app = testApp();
    const registry = new ImageRegistry(new Stack(app, 'Images', { env: ENV }), 'Shop', { repositoryName: 'team/shop' });
    for (const name of ['Staging', 'Production']) {
      const stack = new Stack(new Stage(app, name), 'Shop', { env: ENV });
      new PhasedFargateService(stack, 'Api', { registry, cpuArchitecture: ecs.CpuArchitecture.ARM64 });
    }
    return workflow(app, { ...props, images: [{ registry, context: 'service', buildArgs: { MODE: 'a "b", c' }, secrets: { npm: 'NPM_TOKEN' } }] }).render();
  });
  expect(judged(text)).toEqual([{ exitCode: 0, output: '' }, { exitCode: 0, output: expect.stringContaining('No findings to report') }]);
});

function judged(text: string): Verdict[] {
  const directory = mkdtempSync(join(tmpdir(), 'judged-'));
  try {
    const file = join(directory, '.github', 'workflows', 'deploy.yml');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return [actionlint(file), zizmor(file)];
  } finally {
    rmSync(directory, { recursive: true });
  }
}
