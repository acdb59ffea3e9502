import { setTimeout as sleep } from 'node:timers/promises';
import { ISOLATED } from './behavior';
import { PLATFORM, URI } from './service-stack';
import { Aws } from '../../emulator/aws';
import { Emulator, EmulatorOptions, REGION } from '../../emulator/emulator';
import { Image, publishImage, pushImage } from '../../emulator/oci';
import { Program } from '../../emulator/programs';
import { nativeFailure, nativeRelease, nativeWriter } from '../../emulator/static-program';

const INDEX = 'application/vnd.oci.image.index.v1+json';

/** An image with one file at its root and its configuration. */
function image(file: string | Buffer, config: Program['config'] = { Cmd: ['/app'] }): Program {
  return { files: { app: file }, config };
}

const CANNOT_START: [string, Program['config'], string][] = [
  ['a path that only this machine has', { Cmd: ['/bin/cat'] }, 'exec: "/bin/cat": stat /bin/cat: no such file or directory'],
  ['a name that only this machine has', { Cmd: ['cat'] }, 'exec: "cat": executable file not found in $PATH'],
  ['a name in a relative folder of the PATH', { Cmd: ['app'], Env: ['PATH=.'] }, 'exec: "app": executable file not found in $PATH'],
  ['a file that is not executable', { Cmd: ['/etc/hosts'] }, 'exec: "/etc/hosts": permission denied'],
  ['a folder', { Cmd: ['/etc'] }, 'exec: "/etc": permission denied'],
  ['a user who is not in the image', { Cmd: ['/app'], User: 'nobody' }, 'unable to find user nobody: no matching entries in passwd file'],
  ['a group that is not in the image', { Cmd: ['/app'], User: '1000:none' }, 'unable to find group none: no matching entries in group file'],
  ['an environment variable with a null character', { Cmd: ['/app'], Env: ['A=\0'] }, 'nul'],
  ['a user id that is too high', { Cmd: ['/app'], User: '2147483648' }, 'uids and gids must be in range 0-2147483647'],
  ['a relative working directory', { Cmd: ['/app'], WorkingDir: 'srv' }, 'Cwd must be an absolute path'],
  ['a file as its working directory', { Cmd: ['/app'], WorkingDir: '/app' }, '/app: '],
];

const EXITS: [string, Program, string][] = [
  ['a script that names no interpreter', image('exit 0'), 'exec /app: exec format error'],
  ['a script whose interpreter is blank', image('#!\nexit 0'), 'exec /app: exec format error'],
  ['a script whose interpreter only this machine has', image('#!/bin/sh\nexit 0'), 'exec /app: no such file or directory'],
  ['a truncated program', image('\x7fELF\x02\x01\x01'), 'exec /app: exec format error'],
  ['an environment variable that is too long for Linux', image('#!/app', { Cmd: ['/app'], Env: [`LONG=${'x'.repeat(200_000)}`] }), 'exec /app: argument list too long'],
];

const CANNOT_PULL: [string, Image['configuration'], RegExp][] = [
  ['whose configuration is not an object', () => [], /failed to copy: .*expected a JSON object$/],
  ['whose entry point is not a list', (fitting) => ({ ...fitting, config: { Entrypoint: '/release exit' } }), /cannot unmarshal .* into Go struct field ImageConfig.config.Entrypoint$/],
  ['whose user is not text', (fitting) => ({ ...fitting, config: { ...fitting.config, User: 1000 } }), /cannot unmarshal 1000 into Go struct field ImageConfig.config.User$/],
  ['whose configuration lacks a layer', (fitting) => ({ ...fitting, rootfs: { diff_ids: [] } }), /mismatched image rootfs and manifest layers$/],
  ['whose layer does not match its configuration', (fitting) => ({ ...fitting, rootfs: { diff_ids: [`sha256:${'0'.repeat(64)}`] } }), /wrong diff id/],
];

/** Programs that depend on what a runtime offers. */
export interface BadPrograms {
  /** Command that starts another process and never ends. */
  readonly hangs: string[];
  /** Program that prints `ready` and exits when it gets a signal. */
  endsBySignal(signal: string, code: number): Program;
}

const READ_ONLY_FILE_SYSTEM = 30;

interface End {
  readonly code: string;
  readonly reason: string;
  readonly exitCode?: number;
}

/** How ECS reports invalid images: each runs as a task without a service. */
export function describeBadImages(options: EmulatorOptions, { endsBySignal, hangs }: BadPrograms): void {
  let emulator: Emulator;
  let aws: Aws;
  let serial = 0;

  beforeAll(async () => {
    emulator = await Emulator.start(options);
    aws = new Aws(emulator);
    await aws.ecr('CreateRepository', { repositoryName: 'app' });
  });

  afterAll(async () => {
    await emulator?.stop();
  });

  async function push(content: Program, configuration?: Image['configuration'], platform = PLATFORM): Promise<string> {
    const tag = `image${serial++}`;
    await pushImage(emulator, { repository: 'app', tag, content, platform, configuration });
    return tag;
  }

  async function pushManifest(manifest: object, imageManifestMediaType = INDEX): Promise<string> {
    const imageTag = `manifest${serial++}`;
    await aws.ecr('PutImage', { repositoryName: 'app', imageManifest: JSON.stringify({ schemaVersion: 2, ...manifest }), imageManifestMediaType, imageTag });
    return imageTag;
  }

  async function start(tag: string, container: object = {}, ...moreContainers: object[]): Promise<string> {
    await aws.logs('CreateLogGroup', { logGroupName: tag });
    const logConfiguration = { logDriver: 'awslogs', options: { 'awslogs-group': tag, 'awslogs-region': REGION, 'awslogs-stream-prefix': 'app' } };
    const { taskDefinition: { taskDefinitionArn } } = await aws.ecs('RegisterTaskDefinition', {
      family: tag,
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      cpu: '256',
      memory: '512',
      containerDefinitions: [{ name: 'app', image: `${URI}:${tag}`, essential: true, logConfiguration, ...container }, ...moreContainers],
    });
    const awsvpcConfiguration = { subnets: ['subnet-1'] };
    const { tasks } = await aws.ecs('RunTask', { taskDefinition: taskDefinitionArn, launchType: 'FARGATE', networkConfiguration: { awsvpcConfiguration } });
    return tasks[0].taskArn;
  }

  async function until(task: string, holds: (state: any) => boolean): Promise<any> {
    for (;;) {
      const { tasks: [state] } = await aws.ecs('DescribeTasks', { tasks: [task] });
      if (holds(state)) return state;
      await sleep(20);
    }
  }

  async function end(task: string): Promise<End> {
    const { stopCode, stoppedReason, containers } = await until(task, ({ lastStatus }) => lastStatus === 'STOPPED');
    return { code: stopCode, reason: stoppedReason, exitCode: containers[0].exitCode };
  }

  const exited = (exitCode: number) => ({ code: 'EssentialContainerExited', reason: 'Essential container in task exited', exitCode });

  (ISOLATED ? describe : describe.skip)('a container with only the files of its image', () => {
    test.each(CANNOT_START)('cannot be started with %s', async (_, config, problem) => {
      const { code, reason, exitCode } = await end(await start(await push(image('', config))));
      expect({ code, exitCode }).toEqual({ code: 'TaskFailedToStart', exitCode: undefined });
      expect(reason).toMatch(/^CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task: /);
      expect(reason).toContain(problem);
    });

    test.each(EXITS)('fails because of %s', async (_, program, line) => {
      const tag = await push(program);
      expect(await end(await start(tag))).toEqual(exited(1));
      expect(await aws.logLines(tag)).toEqual([line]);
    });

    test.each(['proc', 'dev'])('cannot be started if the image has a file in place of the folder %s', async (name) => {
      const { files, config } = nativeFailure(7, 'ran');
      expect(await end(await start(await push({ files: { ...files, [name]: '' }, config })))).toEqual({
        code: 'TaskFailedToStart', reason: expect.stringMatching(/^CannotStartContainerError: (?!.*rootfs\/).*directory/), exitCode: undefined,
      });
    });

    test('runs in a working directory that the image lacks', async () => {
      const { files, config } = nativeFailure(7, 'ran');
      expect(await end(await start(await push({ files, config: { ...config, WorkingDir: '/not/there' } })))).toEqual(exited(7));
    });

    test('cannot write to a read-only root file system, but can write to its volumes', async () => {
      const readOnly = { readonlyRootFilesystem: true, mountPoints: [{ containerPath: '/tmp', sourceVolume: 'tmp' }] };
      expect(await end(await start(await push(nativeWriter('/file')), readOnly))).toEqual(exited(READ_ONLY_FILE_SYSTEM));
      expect(await end(await start(await push(nativeWriter('/tmp/file')), readOnly))).toEqual(exited(0));
      expect(await end(await start(await push(nativeWriter('/file'))))).toEqual(exited(0));
    });

    test('gets environment variables with any name', async () => {
      expect(await end(await start(await push(nativeFailure(7, 'ran')), { environment: [{ name: 'A=B', value: 'C' }] }))).toEqual(exited(7));
    });

    test('is unhealthy if its health check runs a command that the image lacks', async () => {
      const task = await start(await push(endsBySignal('SIGTERM', 0)), { healthCheck: { command: ['CMD', '/no/such/command'], interval: 5, retries: 1 } });
      await until(task, ({ healthStatus }) => healthStatus === 'UNHEALTHY');
      await aws.ecs('StopTask', { task });
      await end(task);
    });
  });

  test('a container is unhealthy if its health check never ends', async () => {
    const healthCheck = { command: ['CMD', ...hangs], interval: 5, timeout: 2, retries: 1 };
    const task = await start(await push(endsBySignal('SIGTERM', 0)), { healthCheck });
    await until(task, ({ healthStatus }) => healthStatus === 'UNHEALTHY');
    await aws.ecs('StopTask', { task });
    await end(task);
  });

  test.each([
    ['failed', { condition: 'SUCCESS' }, { command: ['/release', 'exit', '4', ''] }, 'as dependency did not exit successfully.'],
    ['cannot start', { condition: 'START' }, { command: ['/none'] }, 'because dependency will never start'],
    ['does not end in time', { condition: 'COMPLETE' }, { command: ['/release', 'serve', '81', ''], startTimeout: 20 }, 'has timed out.'],
  ])('an essential container does not start if it depends on one that %s', async (_, condition, helper, problem) => {
    const tag = await push(nativeRelease('ran'));
    const dependsOn = [{ containerName: 'helper', ...condition }];
    expect(await end(await start(tag, { dependsOn }, { name: 'helper', image: `${URI}:${tag}`, essential: false, ...helper }))).toEqual({
      code: 'TaskFailedToStart',
      reason: `CannotStartContainerError: dependency graph: failed to resolve container ordering dependency [helper] for target [app] ${problem}`,
      exitCode: undefined,
    });
  });

  test('a task runs without a container that cannot start and is not essential', async () => {
    const tag = await push(nativeRelease('ran'));
    const task = await start(tag, {}, { name: 'helper', image: `${URI}:${tag}`, essential: false, command: ['/none'] });
    const { containers: [, helper] } = await until(task, ({ lastStatus }) => ['RUNNING', 'STOPPED'].includes(lastStatus));
    expect(helper).toMatchObject({ lastStatus: 'STOPPED', reason: expect.stringMatching(/^CannotStartContainerError: .*exec: "\/none"/) });
    await aws.ecs('StopTask', { task, reason: 'enough' });
    expect(await end(task)).toEqual({ code: 'UserInitiated', reason: 'enough', exitCode: 0 });
  });

  test.each([['SIGQUIT', 'SIGQUIT'], ['99', 'SIGTERM']])('a container whose image names the signal %s is stopped by %s', async (name, signal) => {
    const { files, config } = endsBySignal(signal, 43);
    const task = await start(await push({ files, config: { ...config, StopSignal: name } }));
    // The program must first reach the line that handles the signal.
    while (!(await aws.logLines(await familyOf(task))).includes('ready')) await sleep(20);
    await aws.ecs('StopTask', { task, reason: 'enough' });
    expect(await end(task)).toEqual({ code: 'UserInitiated', reason: 'enough', exitCode: 43 });
  });

  async function familyOf(task: string): Promise<string> {
    const { taskDefinitionArn } = await until(task, () => true);
    return taskDefinitionArn.split('/')[1].split(':')[0];
  }

  test.each(CANNOT_PULL)('an image %s cannot be pulled', async (_, configuration, problem) => {
    const { code, reason } = await end(await start(await push(nativeFailure(0, 'ran'), configuration)));
    expect(code).toBe('TaskFailedToStart');
    expect(reason).toMatch(/^CannotPullContainerError: ref pull has been retried 1 time\(s\): /);
    expect(reason).toMatch(problem);
  });

  test('an image of Amazon ECR Public is not looked up in the account, and cannot be pulled if it is missing', async () => {
    await publishImage(emulator, 'public.ecr.aws/example/app:1', nativeFailure(7, 'ran'));
    expect(await end(await start('public', { image: 'public.ecr.aws/example/app:1' }))).toEqual(exited(7));
    const tag = await push(nativeFailure(7, 'ran'));
    const name = `public.ecr.aws/app:${tag}`;
    expect(await end(await start(tag, { image: name }))).toEqual({
      code: 'TaskFailedToStart',
      reason: `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${name}: ${name}: not found`,
    });
  });

  test('an index entry without a platform is for the platform that its image names', async () => {
    const entryOf = async (tag: string) => ({ digest: await aws.imageDigest('app', tag), size: 1, mediaType: 'application/vnd.oci.image.manifest.v1+json' });
    const [here, elsewhere] = [await push(nativeFailure(7, 'here')), await push(nativeFailure(8, 'elsewhere'), undefined, 'linux/arm64')];
    const manifests = [await entryOf(elsewhere), await entryOf(here)];
    expect(await end(await start(await pushManifest({ manifests })))).toEqual(exited(7));
    expect(await end(await start(await pushManifest({ manifests: manifests.slice(0, 1) })))).toMatchObject({
      reason: expect.stringContaining(`image Manifest does not contain descriptor matching platform '${PLATFORM}'`),
    });
  });

  test('the registry refuses an image that references missing content', async () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    await expect(pushManifest({ config: { digest }, layers: [] }, 'application/vnd.oci.image.manifest.v1+json')).rejects.toThrow('LayersNotFoundException');
    await expect(pushManifest({ manifests: [{ digest }] })).rejects.toThrow('ReferencedImagesNotFoundException');
    const imageManifest = JSON.stringify({ schemaVersion: 2, manifests: [] });
    await expect(aws.ecr('PutImage', { repositoryName: 'app', imageManifest, imageManifestMediaType: INDEX, imageDigest: digest, imageTag: 'other' }))
      .rejects.toThrow('ImageDigestDoesNotMatchException');
  });
}
