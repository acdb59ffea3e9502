import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BREAKER, PLATFORM, ServiceOptions, ServiceStack, URI } from './service-stack';
import { EmulatorOptions } from '../../emulator/emulator';
import { Program } from '../../emulator/programs';
import { nativeRelease } from '../../emulator/static-program';

export interface ServerOptions {
  readonly port?: number;
  readonly host?: string;
  readonly user?: string;
}

/** Programs for tests, depending on what a runtime offers. */
export interface Programs {
  /** Program that answers requests with a text. */
  server(text: string, options?: ServerOptions): Program;
  /** Program that prints a line and exits. */
  exits(code: number, line: string): Program;
  /** Program that prints environment variables, its working directory and its user id, and exits. */
  tells(variables: string[], config: Program['config']): Program;
  /** Program that runs until it is asked to exit. A deaf one runs until it is killed. */
  waits(options?: { readonly deaf: boolean }): Program;
  /** Program that allocates memory and keeps running. */
  allocates(mebibytes: number): Program;
}

const BREAKER_MESSAGE = /^Resource handler returned message: "Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'\."/;

/**
 * A health check that is first run when a test is over. A task without checks counts as healthy after two seconds, in which a
 * program on a busy machine may not have failed yet.
 */
const UNDECIDED = { HealthCheck: { Command: ['CMD-SHELL', 'exit 1'], Interval: 300, Retries: 10 } };

const OUT_OF_MEMORY = 'OutOfMemoryError: Container killed due to memory usage';

/** A truncated program for 64-bit ARM. */
export const FOREIGN: Program = { files: { app: elfHeader(183) }, config: { Cmd: ['/app'] } };

/** Whether tasks have their own network and users. */
export const ISOLATED = process.platform === 'linux' && process.getuid?.() === 0;

/** How ECS handles tasks according to AWS's documentation, tested with real programs. */
export function describeTasks(options: EmulatorOptions, programs: Programs): void {
  let stack: ServiceStack;

  beforeAll(async () => {
    stack = await ServiceStack.start(options);
    await stack.push('good', programs.server('good'));
    await stack.push('better', programs.server('better'));
    await stack.push('worker', programs.waits());
  });

  beforeEach(async () => {
    await stack.renew();
  });

  afterAll(async () => {
    await stack?.emulator.stop();
  });

  /** Deploys a service that fails in its first deployment, and returns how its tasks stop. */
  async function failing(deployed: ServiceOptions) {
    const container = { ...deployed.port ? {} : UNDECIDED, ...deployed.container };
    expect(await stack.deploy({ ...deployed, container })).toBe('ROLLBACK_COMPLETE');
    expect(await stack.failure()).toMatch(BREAKER_MESSAGE);
    return stack.ends();
  }

  describe('a container', () => {
    test('gets secrets as environment variables and does not start without them', async () => {
      const name = '/secret';
      await stack.push('secret', programs.tells(['SECRET'], { WorkingDir: '/srv', User: '0' }));
      const deployed = { tag: 'secret', container: { Secrets: [{ Name: 'SECRET', ValueFrom: name }] } };
      expect(await failing(deployed)).toEqual([{
        code: 'TaskFailedToStart', reason: expect.stringContaining('ResourceInitializationError: unable to pull secrets or registry auth'),
      }]);
      await stack.renew();
      await stack.aws.ssm('PutParameter', { Name: name, Value: 'xyzzy', Type: 'String' });
      await failing(deployed);
      expect((await stack.logs())[0]).toMatch(/^xyzzy /);
    });

    test('stops its task with its exit code when it exits', async () => {
      await stack.push('exits', programs.exits(7, 'no database'));
      expect(await failing({ tag: 'exits' })).toEqual([{ code: 'EssentialContainerExited', reason: 'Essential container in task exited', exitCode: 7 }]);
      expect(await stack.logs()).toContain('no database');
    });

    test('is killed with its task when it exceeds its memory limit', async () => {
      await stack.push('large', programs.allocates(256));
      expect(await failing({ tag: 'large', container: { Memory: 128 } })).toEqual([
        { code: 'EssentialContainerExited', reason: 'Essential container in task exited', exitCode: 137 },
      ]);
      expect((await stack.stoppedTasks())[0].containers[0].reason).toBe(OUT_OF_MEMORY);
    });

    test('is killed without its task when it exceeds the memory limit of the task but is not essential', async () => {
      await stack.push('too-large', programs.allocates(640));
      const helper = { Name: 'helper', Image: `${URI}:too-large`, Essential: false };
      const container = { DependsOn: [{ ContainerName: 'helper', Condition: 'COMPLETE' }] };
      expect(await stack.deploy({ tag: 'good', port: 80, container, moreContainers: [helper] })).toBe('CREATE_COMPLETE');
      const [{ containers }] = await stack.runningTasks();
      expect(containers[1]).toMatchObject({ name: 'helper', lastStatus: 'STOPPED', exitCode: 137, reason: OUT_OF_MEMORY });
    });

    test('leaves its task running when it exits but is not essential', async () => {
      await stack.push('exits-0', programs.exits(0, 'prepared'));
      const helper = { Name: 'helper', Image: `${URI}:exits-0`, Essential: false };
      const container = { DependsOn: [{ ContainerName: 'helper', Condition: 'SUCCESS' }] };
      expect(await stack.deploy({ tag: 'good', port: 80, container, moreContainers: [helper] })).toBe('CREATE_COMPLETE');
      expect((await stack.get()).text).toBe('good');
    });

    test('does not start a program for another architecture, even if the image claims the right one', async () => {
      await stack.push('foreign', FOREIGN);
      expect(await failing({ tag: 'foreign' })).toEqual([{ code: 'EssentialContainerExited', reason: 'Essential container in task exited', exitCode: 1 }]);
      expect(await stack.logs()).toContain('exec /app: exec format error');
    });

    test('cannot start a program that is not in the image', async () => {
      await stack.push('none', { files: { 'srv/data': '' }, config: { Cmd: ['no-such-program'] } });
      expect(await failing({ tag: 'none' })).toEqual([{
        code: 'TaskFailedToStart', reason: expect.stringMatching(/^CannotStartContainerError: .*exec: "no-such-program": executable file not found in \$PATH/),
      }]);
    });

    test('is asked to exit and is killed only if it does not', async () => {
      await stack.push('deaf', programs.waits({ deaf: true }));
      const exitCodes = [];
      for (const tag of ['worker', 'deaf']) {
        await stack.deploy({ tag });
        await stack.delete();
        exitCodes.push((await stack.stoppedTasks())[0].containers[0].exitCode);
        await stack.renew();
      }
      expect(exitCodes).toEqual([0, 137]);
    });
  });

  describe('an image', () => {
    test('that is missing stops the task before it runs', async () => {
      expect(await failing({ tag: 'missing' })).toEqual([{
        code: 'TaskFailedToStart',
        reason: `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${URI}:missing: ${URI}:missing: not found`,
      }]);
    });

    test('with an index that lacks the platform of the task cannot be pulled', async () => {
      await stack.pushIndex('arm', programs.server('arm'), 'linux/arm64', 'linux/arm');
      expect((await failing({ tag: 'arm' }))[0].reason).toBe(
        `CannotPullContainerError: pull image manifest has been retried 1 time(s): image Manifest does not contain descriptor matching platform '${PLATFORM}'`);
    });

    test('with an index that has the platform of the task can be pulled, also by its digest', async () => {
      const digest = await stack.pushIndex('both', programs.server('both'), 'linux/arm64', PLATFORM);
      expect(await stack.deploy({ tag: `both@${digest}`, port: 80 })).toBe('CREATE_COMPLETE');
      expect((await stack.get()).text).toBe('both');
    });

    test('with an invalid layer cannot be pulled', async () => {
      await stack.pushLayer('torn', Buffer.from('no archive'));
      expect((await failing({ tag: 'torn' }))[0]).toMatchObject({
        code: 'TaskFailedToStart', reason: expect.stringMatching(/^CannotPullContainerError: ref pull has been retried 1 time\(s\): failed to extract layer sha256:/),
      });
    });

    test('cannot write outside its own files when it is unpacked', async () => {
      const file = `/tmp/escaped-${process.pid}`;
      const program = programs.server('tame');
      await stack.push('hostile', { ...program, files: { ...program.files, [`../../../../../../../..${file}`]: 'escaped' } });
      expect(await stack.deploy({ tag: 'hostile', port: 80 })).toBe('CREATE_COMPLETE');
      expect(existsSync(file)).toBe(false);
    });
  });

  describe('a health check', () => {
    test('fails with the reason if the server listens on another port than that of the target group', async () => {
      await stack.push('elsewhere', programs.server('elsewhere', { port: 8080 }));
      expect((await failing({ tag: 'elsewhere', port: 80 }))[0]).toMatchObject({
        code: 'ServiceSchedulerInitiated', reason: 'Task failed ELB health checks in (target-group)',
      });
      expect(await stack.messages()).toContain('(service service) (port 80) is unhealthy in (target-group) due to (reason Health checks failed).');
    });

    test('fails with the status if the answer has another status than the target group expects', async () => {
      await failing({ tag: 'good', port: 80, targetGroup: { Matcher: { HttpCode: '204,301-302' } } });
      expect(await stack.messages()).toContain(
        '(service service) (port 80) is unhealthy in (target-group) due to (reason Health checks failed with these codes: [200]).');
    });

    test('of a container runs its command in the container and decides by the exit code', async () => {
      const check = (command: string) => ({ HealthCheck: { Command: ['CMD-SHELL', command], Interval: 5, Retries: 2 } });
      expect(await stack.deploy({ tag: 'worker', container: check('exit 0') })).toBe('CREATE_COMPLETE');
      expect((await stack.runningTasks())[0].healthStatus).toBe('HEALTHY');
      await stack.renew();
      expect(await failing({ tag: 'worker', container: check('exit 1') })).toEqual([
        { code: 'ServiceSchedulerInitiated', reason: 'Task failed container health checks', exitCode: 0 },
      ]);
    });
  });

  describe('a deployment', () => {
    test('without a circuit breaker retries a missing image until the desired count is 0', async () => {
      await stack.beginDeploy({ tag: 'missing', deployment: {} });
      while ((await stack.stoppedTasks()).length < 4) await sleep(100);
      expect(await stack.status()).toBe('CREATE_IN_PROGRESS');
      expect(await stack.messages()).toContain(
        '(service service) is unable to consistently start tasks successfully. For more information, see the Troubleshooting section.');

      await stack.updateService({ desiredCount: 0 });
      expect(await stack.end()).toBe('CREATE_COMPLETE');
      expect(await stack.service()).toMatchObject({ desiredCount: 0, runningCount: 0, pendingCount: 0 });
    });

    test('replaces tasks without an interruption', async () => {
      await stack.deploy({ tag: 'good', port: 80, tasks: 2 });
      await stack.beginDeploy({ tag: 'better', port: 80, tasks: 2 });
      const answers: string[] = [];
      while ((await stack.status())!.endsWith('_IN_PROGRESS')) {
        answers.push((await stack.get()).text);
        await sleep(20);
      }
      expect(await stack.status()).toBe('UPDATE_COMPLETE');
      expect(new Set(answers)).toEqual(new Set(['good', 'better']));
      expect((await stack.get()).text).toBe('better');
      expect((await stack.service()).deployments).toMatchObject([{ status: 'PRIMARY', rolloutState: 'COMPLETED', runningCount: 2 }]);
    });

    test('stops a task first if another one would exceed the maximum', async () => {
      const deployment = { MinimumHealthyPercent: 0, MaximumPercent: 100 };
      await stack.deploy({ tag: 'good', port: 80, deployment });
      await stack.beginDeploy({ tag: 'better', port: 80, deployment });
      let most = 0;
      while ((await stack.status())!.endsWith('_IN_PROGRESS')) {
        most = Math.max(most, (await stack.runningTasks()).length);
        await sleep(20);
      }
      expect(most).toBe(1);
      expect((await stack.get()).text).toBe('better');
    });

    test('that fails is rolled back by ECS and then by CloudFormation, keeps the previous tasks running and is reported on EventBridge', async () => {
      await stack.push('broken', programs.exits(3, 'broken'));
      await stack.deploy({ tag: 'good', port: 80 });
      const before = (await stack.runningTasks()).map(({ taskArn }) => taskArn);
      expect(await stack.deploy({ tag: 'broken', port: 80 })).toBe('UPDATE_ROLLBACK_COMPLETE');
      expect(await stack.failure()).toMatch(BREAKER_MESSAGE);
      expect((await stack.get()).text).toBe('good');
      expect((await stack.runningTasks()).map(({ taskArn }) => taskArn)).toEqual(before);
      const messages = await stack.messages();
      expect(messages).toEqual(expect.arrayContaining([
        '(service service) (deployment) deployment failed: tasks failed to start.', '(service service) rolling back to (deployment).',
      ]));
      const events = await stack.events();
      const deployments = events.filter((event) => event['detail-type'] === 'ECS Deployment State Change').map(({ detail }) => detail.eventName);
      expect(deployments).toEqual([
        'SERVICE_DEPLOYMENT_IN_PROGRESS', 'SERVICE_DEPLOYMENT_COMPLETED',
        'SERVICE_DEPLOYMENT_IN_PROGRESS', 'SERVICE_DEPLOYMENT_FAILED', 'SERVICE_DEPLOYMENT_IN_PROGRESS', 'SERVICE_DEPLOYMENT_COMPLETED',
      ]);
      const stopped = events.filter(({ detail }) => detail.lastStatus === 'STOPPED');
      expect(stopped).toHaveLength(3);
      expect(stopped[0]).toMatchObject({
        'source': 'aws.ecs',
        'detail-type': 'ECS Task State Change',
        'detail': { group: 'service:service', stopCode: 'EssentialContainerExited', containers: [{ name: 'app', exitCode: 3 }] },
      });
    });

    test.each([
      ['3 by default, for few tasks', {}, 1, 3],
      ['half of the tasks, rounded up', {}, 7, 4],
      ['a count', { ThresholdConfiguration: { Type: 'COUNT', Value: 1 } }, 1, 1],
      ['a percentage without bounds', { ThresholdConfiguration: { Type: 'UNBOUNDED_PERCENT', Value: 50 } }, 2, 1],
    ])('the circuit breaker opens after as many failures as its threshold says: %s', async (_, breaker, tasks, failures) => {
      await stack.push('fails', programs.exits(1, 'fails'));
      const deployment = { DeploymentCircuitBreaker: { ...BREAKER.DeploymentCircuitBreaker, ...breaker } };
      await failing({ tag: 'fails', tasks, deployment });
      const tasksStopped = (await stack.stoppedTasks()).filter(({ stopCode }) => stopCode === 'EssentialContainerExited').length;
      // Several tasks started together can fail together.
      expect(tasksStopped).toBeGreaterThanOrEqual(failures);
      expect(tasksStopped).toBeLessThan(failures + tasks);
    });
  });

  if (ISOLATED) {
    test('no container outlives the process that started the emulator, even if that process is killed', async () => {
      const mark = randomUUID();
      const marked = () => readdirSync('/proc').filter((id) => /^\d+$/.test(id) && environmentOf(id).includes(mark));
      const { files, config } = nativeRelease('of nobody');
      const given = { options, config, files: encoded(files), container: { Environment: [{ Name: 'MARK', Value: mark }] } };
      const source = `
        require('./test/emulator/commands/typescript.cjs');
        const { ServiceStack } = require('./test/e2e/tasks/service-stack');
        (async () => {
          const { files, config, options, container } = ${JSON.stringify(given)};
          const stack = await ServiceStack.start(options);
          await stack.push('waits', { config, files: Object.fromEntries(files.map(([name, content]) => [name, Buffer.from(content, 'base64')])) });
          console.log(await stack.deploy({ tag: 'waits', container }));
        })();
        setInterval(() => undefined, 1000);
      `;
      const starter = spawn(process.execPath, ['-e', source], { cwd: join(__dirname, '../../..'), stdio: ['ignore', 'pipe', 'inherit'] });
      const [line] = await once(starter.stdout.setEncoding('utf8'), 'data');
      expect(line.trim()).toBe('CREATE_COMPLETE');
      expect(marked()).not.toEqual([]);

      starter.kill('SIGKILL');
      for (let tries = 0; marked().length > 0 && tries < 600; tries++) await sleep(50);
      expect(marked()).toEqual([]);
    });

    describe('a container with its own network and users', () => {
      test('runs with the environment, folder, user and command of its image', async () => {
        const image = programs.tells(['COLOR'], { Env: ['COLOR=blue'], WorkingDir: '/srv', User: '1234' });
        await stack.push('tells', image);
        await failing({ tag: 'tells' });
        expect((await stack.logs())[0]).toMatch(/^blue .*\/srv 1234$/);
      });

      test('runs with the environment and user of its definition, if set, instead of those of its image', async () => {
        await stack.push('told', programs.tells(['COLOR'], { Env: ['COLOR=blue'], WorkingDir: '/srv', User: '1234' }));
        await failing({ tag: 'told', container: { Environment: [{ Name: 'COLOR', Value: 'red' }], User: '4321' } });
        expect((await stack.logs())[0]).toMatch(/^red .*\/srv 4321$/);
      });

      test('cannot listen on a port below 1024 unless its user is root', async () => {
        await stack.push('low', programs.server('low', { port: 80, user: '1000' }));
        expect((await failing({ tag: 'low', port: 80 }))[0]).toMatchObject({ code: 'EssentialContainerExited', exitCode: 1 });
        await stack.renew();
        await stack.push('high', programs.server('high', { port: 8080, user: '1000' }));
        expect(await stack.deploy({ tag: 'high', port: 8080 })).toBe('CREATE_COMPLETE');
        expect((await stack.get()).text).toBe('high');
      });

      test('cannot be reached if its server listens on 127.0.0.1 only', async () => {
        await stack.push('local', programs.server('local', { host: '127.0.0.1' }));
        expect((await failing({ tag: 'local', port: 80 }))[0].reason).toBe('Task failed ELB health checks in (target-group)');
      });
    });
  }
}

function encoded(files: Program['files']): [string, string][] {
  return Object.entries(files).map(([name, content]) => [name, Buffer.from(content).toString('base64')]);
}

function environmentOf(id: string): string {
  try {
    return readFileSync(`/proc/${id}/environ`, 'utf8');
  } catch {
    return ''; // the process has exited meanwhile
  }
}

function elfHeader(machine: number): Buffer {
  const header = Buffer.alloc(64);
  header.write('\x7fELF', 'latin1');
  header.set([2, 1, 1], 4); // 64 bits, little endian, version 1
  header.writeUInt16LE(2, 16); // executable
  header.writeUInt16LE(machine, 18);
  header.writeUInt32LE(1, 20);
  return header;
}
