import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack, Stage } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as pipelines from 'aws-cdk-lib/pipelines';
import { actionlint, shellcheck, Verdict, zizmor } from './judges';
import { BuildAndPush, DeployScript, DeployWorkflow, ImageBuild, ImageCompression, ImageVersion, PhasedFargateService } from '../../../src';
import { functions } from '../../../src/pipeline/shell';

/** Independent linters check an image that uses all build options. No finding is accepted, and none is suppressed. */

const SHELL = join(__dirname, '../../../src/pipeline/shell');
const CLEAN: Verdict = { exitCode: 0, output: '' };

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'judged-builds-'));
});

afterAll(() => rmSync(directory, { recursive: true }));

test.each(readdirSync(SHELL))('shellcheck finds nothing in %s', (file) => {
  expect(file).toMatch(/\.sh$/);
  expect(shellcheck(join(SHELL, file))).toEqual(CLEAN);
  expect(readFileSync(join(SHELL, file), 'utf8')).not.toContain('shellcheck disable');
});

test('actionlint and zizmor find nothing in the workflow', () => {
  const { app, images } = shop(ImageVersion.parameter());
  const file = written('deploy.yml', new DeployWorkflow(app, 'Deploy', {
    pushRoleArn: 'arn:aws:iam::111122223333:role/push',
    deployRoleArn: 'arn:aws:iam::111122223333:role/deploy',
    buildEnvironmentName: 'build',
    images: images.map((image) => ({ ...image, rebuildSchedule: '17 3 * * 1', runsOn: 'ubuntu-24.04-arm' })),
  }).render());
  expect(actionlint(file)).toEqual(CLEAN);
  expect(zizmor(file)).toEqual({ exitCode: 0, output: expect.stringContaining('No findings to report') });
});

test('shellcheck finds nothing in the script', () => {
  const { app, images } = shop(ImageVersion.parameter());
  expect(shellcheck(written('deploy.sh', new DeployScript(app, 'Deploy', { images }).render()))).toEqual(CLEAN);
});

test('shellcheck finds nothing in the steps of CDK Pipelines', () => {
  const { app, images, services } = shop(ImageVersion.tag('4f9d2c1'));
  const stack = new Stack(app, 'Pipeline', { env: { account: '111122223333', region: 'eu-west-1' } });
  const source = pipelines.CodePipelineSource.connection('octo-org/web', 'main', { connectionArn: 'arn:aws:codeconnections:eu-west-1:111122223333:connection/1' });
  const pipeline = new pipelines.CodePipeline(stack, 'Pipeline', { synth: new pipelines.ShellStep('Synth', { commands: ['true'], input: source }) });
  const other = pipelines.CodePipelineSource.connection('octo-org/shop', 'main', { connectionArn: 'arn:aws:codeconnections:eu-west-1:111122223333:connection/1' });
  const secrets = { NPM_TOKEN: secretsmanager.Secret.fromSecretNameV2(stack, 'Npm', 'npm') };
  const steps = services.flatMap((service) => BuildAndPush.stackSteps(Stage.of(service)!, { pipeline, source: other, images, secrets }))
    .flatMap(({ pre = [] }) => pre) as pipelines.CodeBuildStep[];
  expect(steps).toHaveLength(2);
  for (const { commands } of steps) {
    expect(shellcheck(written('step.sh', `#!/usr/bin/env bash\n${commands.join('\n')}\n`))).toEqual(CLEAN);
  }
});

test('the linters report real faults', () => {
  const wrong = written('wrong.sh', `#!/usr/bin/env bash\n${functions('look_up')}\nlook_up $1\n`);
  expect(shellcheck(wrong).output).toContain('SC2086');
});

function shop(imageVersion: ImageVersion): { app: App; services: PhasedFargateService[]; images: ImageBuild[] } {
  const app = new App({ outdir: join(directory, 'cdk.out') });
  const services = Object.entries({ Staging: '111122223333', Production: '444455556666' }).map(([name, account]) =>
    new PhasedFargateService(new Stack(new Stage(app, name, { env: { account, region: 'eu-west-1' } }), 'Shop'), 'Api', { imageVersion }));
  const [staging, production] = services;
  const images = [{
    registry: staging.registry,
    promoteTo: [production.registry],
    target: 'release',
    buildArgs: { BANNER: 'first\n  "second"', PADDED: ' $x ', PATH_LIKE: 'C:\\', QUOTE: "it's" },
    additionalContexts: { base: 'docker-image://alpine:3.22' },
    secrets: { npm: 'NPM_TOKEN' },
    tags: ['latest'],
    compression: ImageCompression.zstd(),
  }];
  jest.spyOn(process, 'cwd').mockReturnValue(directory);
  return { app, services, images };
}

function written(name: string, text: string): string {
  const file = join(directory, name);
  writeFileSync(file, text);
  return file;
}
