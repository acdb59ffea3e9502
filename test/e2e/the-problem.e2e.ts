import { setTimeout as sleep } from 'node:timers/promises';
import { User } from './user';

/**
 * The problem that this library solves: with aws-cdk-lib alone, one deployment of repository and service never ends. The test of
 * the example `app-and-fargate-stack` deploys the same two stacks with this library. Each test continues where the previous one ended.
 */

const URI = '111122223333.dkr.ecr.us-east-1.amazonaws.com/app-mp';

/** Typical AppStack and FargateStack without a circuit breaker, which is the default of aws-cdk-lib. */
const PLAIN = `
  import { App, Stack } from 'aws-cdk-lib';
  import * as ecr from 'aws-cdk-lib/aws-ecr';
  import * as ecs from 'aws-cdk-lib/aws-ecs';
  import * as patterns from 'aws-cdk-lib/aws-ecs-patterns';

  const app = new App();
  const repository = new ecr.Repository(new Stack(app, 'AppStack'), 'Repository', { repositoryName: 'app-mp' });
  new patterns.ApplicationLoadBalancedFargateService(new Stack(app, 'FargateStack'), 'Api', {
    desiredCount: 1,
    minHealthyPercent: 100,
    taskImageOptions: { image: ecs.ContainerImage.fromEcrRepository(repository, 'v1') },
  });
`;

let user: User;
let cluster: string;
let service: string;
let deployment: Promise<unknown>;

beforeAll(async () => {
  user = await User.of('minimal');
  user.write('app.ts', PLAIN);
});

afterAll(async () => {
  await user?.leave();
});

test('tasks start and stop repeatedly, each with the error that the image is missing', async () => {
  deployment = user.deploy('--all');
  let stopped: any[] = [];
  while (stopped.length < 5) {
    await sleep(50);
    [cluster] = await user.aws.clusterNames().catch(() => []);
    if (cluster === undefined) continue;
    stopped = (await user.aws.tasks(cluster, 'STOPPED')).filter(({ lastStatus }) => lastStatus === 'STOPPED');
  }
  for (const { pullStartedAt, startedAt, stopCode, stoppedReason } of stopped) {
    // ECS pulls images while a task is PENDING, and a task starts when it becomes RUNNING.
    expect(pullStartedAt).toBeDefined();
    expect(startedAt).toBeUndefined();
    expect(stopCode).toBe('TaskFailedToStart');
    expect(stoppedReason).toBe('CannotPullContainerError: pull image manifest has been retried 1 time(s): ' +
      `failed to resolve ref ${URI}:v1: ${URI}:v1: not found`);
  }
});

test('the stack remains in progress', async () => {
  [service] = Object.keys(await user.aws.services(cluster));
  const { events } = await user.aws.describeService(cluster, service);
  expect(events.map(({ message }: any) => message)).toContain(
    `(service ${service}) is unable to consistently start tasks successfully. For more information, see the Troubleshooting section.`);
  expect(await user.aws.stackStatus('AppStack')).toBe('CREATE_COMPLETE');
  expect(await user.aws.stackStatus('FargateStack')).toBe('CREATE_IN_PROGRESS');
});

test('the stack completes once the desired count is set to 0', async () => {
  await user.aws.ecs('UpdateService', { cluster, service, desiredCount: 0 });
  await deployment;
  expect(await user.aws.stackStatus('FargateStack')).toBe('CREATE_COMPLETE');
  expect(await user.aws.tasks(cluster)).toEqual([]);
  expect((await user.get()).status).toBe(503);
});

test('the service starts after the image is pushed and the desired count is restored', async () => {
  await user.push('app-mp', 'v1', 'linux/amd64');
  await user.aws.ecs('UpdateService', { cluster, service, desiredCount: 1 });
  while ((await user.get()).status !== 200) await sleep(50);
});
