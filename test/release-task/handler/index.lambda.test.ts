import { CLUSTER, digest, event, NO_IMAGE, properties, SECRETS, Simulation, update } from './simulation';
import { STACK_ACTIONS } from '../../../src/private/stack-actions';
import { LOG_ACTIONS, RUN_ACTIONS, TASK_ACTIONS } from '../../../src/release-task/contract';
import { DENIED, Fault, SERVER_ERROR, THROTTLED } from '../../guard/handler/simulation';
import { expectCleanEnd } from '../../handler/end-of-test';

let aws: Simulation;
beforeEach(() => {
  aws = new Simulation();
});

afterEach(() => {
  expectCleanEnd(aws, SECRETS);
  expect(aws.callsOf('ecs:RunTask').map(({ stackStatus }) => stackStatus).filter((status) => !/^(CREATE|UPDATE)_IN_PROGRESS$/.test(status))).toEqual([]);
});

/** The ID after these releases ran their tasks, in this order. */
async function idAfter(...releases: string[]): Promise<string> {
  const other = new Simulation();
  let id = '';
  for (const release of releases) id = (await other.request(update(id, { ImageDigest: digest(release) }))).PhysicalResourceId;
  return id;
}

describe('the first deployment', () => {
  beforeEach(() => {
    aws.stackStatus = 'CREATE_IN_PROGRESS';
  });

  test('runs the task and proceeds after it has succeeded', async () => {
    const answer = await aws.request(event());

    expect(answer).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: expect.stringMatching(/^phased-fargate\/Shop\/Migration1A2B3C4D\/[\w-]{8}$/) });
    expect(aws.ecs.tasks).toHaveLength(1);
    expect(aws.ecs.tasks[0].succeeded(aws.clock.now())).toBe(true);
  });

  test('starts the task that the properties describe', async () => {
    await aws.request(event({}, { AssignPublicIp: 'ENABLED', PlatformVersion: '1.4.0' }));

    expect(aws.ecs.tasks[0].input).toEqual({
      cluster: CLUSTER,
      taskDefinition: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/Migration:7',
      launchType: 'FARGATE',
      platformVersion: '1.4.0',
      count: 1,
      networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1', 'subnet-2'], securityGroups: ['sg-1'], assignPublicIp: 'ENABLED' } },
      clientToken: expect.stringMatching(/^[0-9a-f]{64}$/),
      startedBy: expect.stringMatching(/^release-task-[0-9a-f]{20}$/),
    });
  });

  test('responds as soon as the exit code is known, before ECS has cleaned up', async () => {
    aws.ecs.plans.push({ provisioningMs: 10_000, runsMs: 20_000 });
    const start = aws.clock.now();
    await aws.request(event());

    expect(aws.clock.now() - start).toBeLessThan(37_000);
  });

  test('waits for a task that ECS does not return at once', async () => {
    aws.ecs.visibleAfterMs = 20_000;

    expect(await aws.request(event())).toMatchObject({ Status: 'SUCCESS' });
  });

  test('without an image runs nothing and proceeds', async () => {
    const answer = await aws.request(event({}, { ImageDigest: NO_IMAGE }));

    expect(answer).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'phased-fargate/Shop/Migration1A2B3C4D' });
    expect(aws.actions).toEqual([]);
  });

  test('runs the task once the image exists', async () => {
    const { PhysicalResourceId } = await aws.request(event({}, { ImageDigest: NO_IMAGE }));
    aws.stackStatus = 'UPDATE_IN_PROGRESS';

    expect(await aws.request(update(PhysicalResourceId))).toMatchObject({ Status: 'SUCCESS' });
    expect(aws.ecs.tasks).toHaveLength(1);
  });

  test('uses the permissions that the role is granted, and no others', async () => {
    aws.ecs.plans.push({ runsMs: 900_000 });
    await aws.request(event());

    expect([...new Set(aws.actions)].sort()).toEqual([...STACK_ACTIONS, ...RUN_ACTIONS, ...TASK_ACTIONS, ...LOG_ACTIONS].sort());
  });
});

describe('a release', () => {
  test('that has run its task does not run it again, and makes no AWS call', async () => {
    const id = await idAfter('one');

    expect(await aws.request(update(id))).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: id });
    expect(aws.actions).toEqual([]);
  });

  test.each([
    ['another task definition, as after a change of CPU or environment', { TaskDefinition: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/Migration:8' }],
    ['another cluster', { Cluster: `${CLUSTER}-2` }],
    ['other subnets', { Subnets: ['subnet-3'] }],
    ['another timeout', { TimeoutSeconds: '60' }],
    ['another log group', { LogGroup: 'Other' }],
    ['a later contract', { ContractVersion: '99', Something: 'new' }],
  ])('stays the same with %s', async (_, change) => {
    await aws.request(update(await idAfter('one'), change));

    expect(aws.ecs.tasks).toEqual([]);
  });

  test.each([
    ['another image', { ImageDigest: digest('two') }],
    ['another command', { Command: ['node', 'migrate.js', '--all'] }],
    ['the same words as another command', { Command: ['node migrate.js'] }],
    ['another entry point', { EntryPoint: ['/bin/sh', '-c'] }],
  ])('is different with %s', async (_, change) => {
    await aws.request(update(await idAfter('one'), change));

    expect(aws.ecs.tasks).toHaveLength(1);
  });

  test('that becomes current again does not run its task again', async () => {
    const id = await idAfter('one', 'two');

    expect(await aws.request(update(id))).toMatchObject({ Status: 'SUCCESS' });
    expect(aws.ecs.tasks).toEqual([]);
  });

  test('that becomes current again runs its task again if that is requested', async () => {
    const id = await idAfter('one', 'two');
    const { PhysicalResourceId } = await aws.request(update(id, { RerunForEarlierReleases: 'true' }));
    await aws.request(update(PhysicalResourceId, { RerunForEarlierReleases: 'true' }));

    expect(aws.ecs.tasks).toHaveLength(1);
  });

  test('that failed runs its task again in the next deployment', async () => {
    aws.ecs.plans.push({ exitCode: 1 });
    const id = await idAfter('one');
    const failed = await aws.request(update(id, { ImageDigest: digest('two') }));
    const succeeded = await aws.request(update(failed.PhysicalResourceId, { ImageDigest: digest('two') }));

    expect([failed.Status, succeeded.Status]).toEqual(['FAILED', 'SUCCESS']);
    expect(failed.PhysicalResourceId).toBe(id);
    expect(aws.ecs.tasks).toHaveLength(2);
  });

  test('is remembered through a rollback, so that the next attempt does not run its task again', async () => {
    const id = await idAfter('one');
    const deployed = await aws.request(update(id, { ImageDigest: digest('two') }));
    aws.stackStatus = 'UPDATE_ROLLBACK_IN_PROGRESS';
    const rolledBack = await aws.request(update(deployed.PhysicalResourceId));
    aws.stackStatus = 'UPDATE_IN_PROGRESS';
    await aws.request(update(rolledBack.PhysicalResourceId, { ImageDigest: digest('two') }));

    expect(aws.ecs.tasks).toHaveLength(1);
  });
});

describe('a rollback', () => {
  beforeEach(() => {
    aws.stackStatus = 'UPDATE_ROLLBACK_IN_PROGRESS';
  });

  test.each([
    ['to a release on record', ['one', 'two']],
    ['to a release that is not on record', ['two']],
    ['under an ID without a record', []],
  ])('%s runs nothing and succeeds', async (_, releases) => {
    const id = await idAfter(...releases) || 'made-up-by-CloudFormation';

    expect(await aws.request(update(id))).toMatchObject({ Status: 'SUCCESS' });
    expect(aws.ecs.tasks).toEqual([]);
  });

  test('runs nothing even if the task is rerun for earlier releases', async () => {
    const answer = await aws.request(update(await idAfter('one', 'two'), { RerunForEarlierReleases: 'true' }));

    expect(answer).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: await idAfter('two', 'one') });
    expect(aws.ecs.tasks).toEqual([]);
  });

  test('to a release on record succeeds even if CloudFormation does not report the stack status', async () => {
    aws.outage.stack = SERVER_ERROR;

    expect(await aws.request(update(await idAfter('one', 'two'), { RerunForEarlierReleases: 'true' }))).toMatchObject({ Status: 'SUCCESS' });
    expect(aws.ecs.tasks).toEqual([]);
  });
});

describe('if CloudFormation does not report the stack status,', () => {
  test('a release that has not run is refused, and its task is not started', async () => {
    aws.outage.stack = { kind: 'error', status: 403, code: 'AccessDenied', message: 'not authorized' };
    const { Status, Reason } = await aws.request(update(await idAfter('one'), { ImageDigest: digest('two') }));

    expect({ Status, Reason }).toEqual({
      Status: 'FAILED',
      Reason: 'The release task was not started, because its function cannot determine whether the stack is rolling back: '
        + 'cloudformation:DescribeStacks failed: AccessDenied. Grant the function of the release task cloudformation:DescribeStacks. '
        + 'Then: cdk deploy Prod/Shop.',
    });
    expect(aws.ecs.tasks).toEqual([]);
  });

  test('a running task is not stopped', async () => {
    aws.faults.stack.push(undefined);
    aws.outage.stack = SERVER_ERROR;
    aws.ecs.plans.push({ runsMs: 120_000 });
    expect(await aws.request(update(''))).toMatchObject({ Status: 'SUCCESS' });
  });

  test('the handler queries it again for a while', async () => {
    aws.faults.stack.push(THROTTLED, SERVER_ERROR, { kind: 'reset' });

    expect(await aws.request(update(''))).toMatchObject({ Status: 'SUCCESS' });
  });
});

describe('a request that is delivered again', () => {
  test('finds the running task', async () => {
    const message = update('');
    await aws.clock.until(Promise.all([aws.run(message), aws.clock.sleep(5_000).then(async () => aws.run(message))]));

    expect(aws.ecs.tasks).toHaveLength(1);
    expect(aws.answers.map((answer) => JSON.parse(answer).Status)).toEqual(['SUCCESS', 'SUCCESS']);
  });

  test('after the task has ended gets the same answer', async () => {
    const message = update('');
    aws.ecs.plans.push({ exitCode: 3, logs: ['boom'] });

    expect(await aws.request(message)).toEqual(await aws.request(message));
    expect(aws.ecs.tasks).toHaveLength(1);
  });

  test('with different properties still finds the task', async () => {
    const message = update('', { Subnets: ['subnet-1'] });
    await aws.request(message);
    const again = { ...message, ResourceProperties: properties({ Subnets: ['subnet-2'] }) };

    expect(await aws.request(again)).toMatchObject({ Status: 'SUCCESS' });
    expect(aws.ecs.tasks).toHaveLength(1);
  });

  test('because the function was killed watches the task for the rest of its time', async () => {
    aws.ecs.plans.push({ runsMs: 900_000 });
    const message = update('', { TimeoutSeconds: '300' });
    const start = aws.clock.now();
    const killed = aws.run(message).catch(() => undefined);
    await aws.clock.until(aws.clock.sleep(200_000));
    await aws.clock.until(Promise.all([killed, aws.run(message)]));

    expect(aws.ecs.tasks).toHaveLength(1);
    expect(aws.clock.now() - start).toBeLessThan(340_000);
  });

  test('when no operation is in progress starts nothing', async () => {
    aws.stackStatus = 'UPDATE_COMPLETE';
    const { Status, Reason } = await aws.request(update(''));

    expect(Status).toBe('FAILED');
    expect(Reason).toBe('The release task was not started, because this request is out of date: the stack is in UPDATE_COMPLETE. '
      + 'If you still want this deployment, start it again: cdk deploy Prod/Shop.');
    expect(aws.ecs.tasks).toEqual([]);
  });

  test('hours later starts nothing, even if another deployment is in progress', async () => {
    const late = event({ RequestType: 'Update', PhysicalResourceId: 'id' }, {}, aws.clock.now() - 2 * 3_600_000);

    expect(await aws.request(late)).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('out of date') });
    expect(aws.actions).toEqual([]);
  });

  test('in time does not count as late', async () => {
    const message = event({ RequestType: 'Update', PhysicalResourceId: 'id' }, {}, aws.clock.now() - 600_000);

    expect(await aws.request(message)).toMatchObject({ Status: 'SUCCESS' });
  });
});

describe('if ECS does not start the task', () => {
  const LATER: ReadonlyArray<[string, Fault | undefined]> = [
    ['throttles', THROTTLED],
    ['fails', SERVER_ERROR],
    ['does not know the permissions of a new role yet', DENIED],
    ['does not know the role of the task yet', { kind: 'error', status: 400, code: 'ClientException', message: "ECS was unable to assume the role 'x'" }],
    ['is throttled by EC2', { kind: 'error', status: 400, code: 'InvalidParameterException', message: 'Error retrieving security group information for [sg-1]: Request limit exceeded. (ErrorCode: RequestLimitExceeded)' }],
    ['does not answer', { kind: 'hang' }],
    ['starts it, and its answer is lost', { kind: 'answerThenReset' }],
  ];

  test.each(LATER)('because it %s, the handler tries again and starts one task', async (_, fault) => {
    aws.faults.ecs.push(fault, fault);

    expect(await aws.request(update(''))).toMatchObject({ Status: 'SUCCESS' });
    expect(aws.ecs.tasks).toHaveLength(1);
  });

  test('because Fargate has no capacity, the handler tries again', async () => {
    aws.ecs.failures.push({ reason: 'Capacity is unavailable at this time. Please try again later' });

    expect(await aws.request(update(''))).toMatchObject({ Status: 'SUCCESS' });
  });

  test.each<[string, Fault, string]>([
    ['refuses', { kind: 'error', status: 400, code: 'InvalidParameterException', message: 'Subnet is invalid' }, 'ecs:RunTask failed: InvalidParameterException: Subnet is invalid'],
    ['knows no such cluster', { kind: 'error', status: 400, code: 'ClusterNotFoundException', message: 'Cluster not found.' }, 'ClusterNotFoundException: Cluster not found'],
  ])('because it %s, the request fails at once', async (_, fault, expected) => {
    aws.outage.ecs = fault;
    const start = aws.clock.now();
    const { Status, Reason } = await aws.request(update(''));

    expect(Status).toBe('FAILED');
    expect(Reason).toContain(`The release task could not be started: ${expected.startsWith('ecs') ? '' : 'ecs:RunTask failed: '}${expected}`);
    expect(Reason).toContain('The services that wait for it were not updated. ');
    expect(aws.clock.now() - start).toBeLessThan(1_000);
  });

  test.each<[string, Fault, RegExp]>([
    ['it denies access', DENIED, /AccessDeniedException.*is not authorized.*Check the permissions boundary/],
    ['it is throttling', THROTTLED, /ThrottlingException: Rate exceeded.*The task is not the cause/],
    ['it is unavailable', { kind: 'reset' }, /ECONNRESET.*aws ecs list-tasks --region eu-west-1 --cluster \S+ --started-by release-task-[0-9a-f]{20}/],
  ])('for a minute because %s, the request fails with a remedy', async (_, fault, expected) => {
    aws.outage.ecs = fault;
    const start = aws.clock.now();

    expect(await aws.request(update(''))).toMatchObject({ Status: 'FAILED', Reason: expect.stringMatching(expected) });
    expect(aws.clock.now() - start).toBeGreaterThan(55_000);
    expect(aws.clock.now() - start).toBeLessThan(75_000);
  });

  test('and the stack begins a rollback meanwhile, the handler gives up', async () => {
    aws.outage.ecs = THROTTLED;
    aws.clock.at(20_000, () => {
      aws.stackStatus = 'UPDATE_ROLLBACK_IN_PROGRESS';
      aws.outage.ecs = undefined;
    });
    await aws.request(update(''));

    expect(aws.ecs.tasks).toEqual([]);
  });
});

describe('a task that fails', () => {
  test('makes the deployment fail with the exit code, the reason, and the last lines', async () => {
    aws.ecs.plans.push({ exitCode: 1, logs: ['connecting', 'applying 007', 'error: relation "users" already exists'] });
    const { Status, Reason, PhysicalResourceId } = await aws.request(update('phased-fargate/Shop/Migration1A2B3C4D/AAAAAAAA'));

    expect(Status).toBe('FAILED');
    expect(PhysicalResourceId).toBe('phased-fargate/Shop/Migration1A2B3C4D/AAAAAAAA');
    expect(Reason).toBe('The release task failed: container app exited with code 1 (Essential container in task exited). '
      + 'The services that wait for it were not updated. '
      + 'Fix the cause, then deploy again or deploy a new image: cdk deploy Prod/Shop. '
      + `Task: ${aws.ecs.tasks[0].arn}. `
      + 'Full log: aws logs get-log-events --region eu-west-1 --log-group-name MigrationLogs '
      + `--log-stream-name release/app/${'1'.padStart(32, '0')}. `
      + 'Last lines: connecting | applying 007 | error: relation "users" already exists');
  });

  test('because of insufficient memory is explained with that cause', async () => {
    aws.ecs.plans.push({ exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' });

    expect(await aws.request(update(''))).toMatchObject({
      Reason: expect.stringContaining('exited with code 137 (Essential container in task exited; OutOfMemoryError: Container killed due to memory usage).'),
    });
  });

  test('to start is explained with the cause', async () => {
    aws.ecs.plans.push({ cannotStart: 'ResourceInitializationError: unable to pull secrets or registry auth: i/o timeout' });

    expect(await aws.request(update(''))).toMatchObject({
      Status: 'FAILED',
      Reason: expect.stringContaining('The release task failed to start (ResourceInitializationError: unable to pull secrets or registry auth: i/o timeout). '),
    });
  });

  test.each(['UserInitiated', 'SpotInterruption', 'TerminationNotice', 'ServiceSchedulerInitiated', 'InfrastructureHealth', 'TaskFailedToStart', 'ACodeOfTheFuture'])(
    'because of %s does not count as successful, even with exit code 0', async (stopCode) => {
      aws.ecs.plans.push({ stopCode });

      expect(await aws.request(update(''))).toMatchObject({
        Status: 'FAILED',
        Reason: expect.stringMatching(new RegExp(`^The release task was interrupted: ${stopCode}, Fargate has stopped the task, exit code 0\\.`)),
      });
    });

  test('without an exit code is not reported as having failed to start', async () => {
    aws.ecs.plans.push({ exitCode: null });

    expect(await aws.request(update(''))).toMatchObject({
      Status: 'FAILED',
      Reason: expect.stringMatching(/^The release task failed: container app ended without an exit code \(Essential container in task exited\)\. /),
    });
  });

  test('is explained without its lines if they cannot be read', async () => {
    aws.ecs.plans.push({ exitCode: 1, logs: ['boom'] });
    aws.outage.logs = DENIED;
    const { Reason } = await aws.request(update(''));

    expect(Reason).toContain('exited with code 1');
    expect(Reason).not.toContain('Last lines');
    expect(aws.lines.join()).toContain('the log of the task could not be read');
  });

  test('is explained without its lines if none are requested, and the log is not read', async () => {
    aws.ecs.plans.push({ exitCode: 1, logs: ['boom'] });
    const { Reason } = await aws.request(update('', { LogGroup: undefined, FailureLogLines: '0' }));

    expect(Reason).not.toContain('logged');
    expect(aws.callsOf('logs:GetLogEvents')).toEqual([]);
  });

  test('is explained with the requested number of last lines', async () => {
    aws.ecs.plans.push({ exitCode: 1, logs: Array.from({ length: 30 }, (_, line) => `line ${line}`) });

    expect(await aws.request(update('', { FailureLogLines: '3' }))).toMatchObject({ Reason: expect.stringMatching(/Last lines: line 27 \| line 28 \| line 29$/) });
  });

  test('is explained with as many of the last lines as fit', async () => {
    aws.ecs.plans.push({ exitCode: 1, logs: Array.from({ length: 20 }, (_, line) => `line ${line} ${'é'.repeat(400)}`) });
    await aws.request(update(''));

    expect(Buffer.byteLength(aws.answers[0])).toBeLessThanOrEqual(4096);
    expect(JSON.parse(aws.answers[0]).Reason).toMatch(/Last lines: line 18 é+ \| line 19 é+$/);
  });

  test('is explained after a short wait for lines that are still on their way', async () => {
    aws.ecs.plans.push({ exitCode: 1, logs: ['late'] });
    aws.faults.logs.push({ kind: 'error', status: 400, code: 'ResourceNotFoundException' });

    expect(await aws.request(update(''))).toMatchObject({ Reason: expect.stringMatching(/Last lines: late$/) });
  });

  test('is explained without secrets, colors, or control characters', async () => {
    aws.ecs.plans.push({
      exitCode: 1,
      logs: ['\u001b[31merror\u001b[0m:\u0000 postgres://app:hunter2@db/shop', 'DATABASE_URL=postgres hunter2', '{"apiKey":"hunter2"}', `url ${SECRETS.join(' ')}`],
    });
    const { Reason } = await aws.request(update(''));

    expect(Reason).not.toContain('hunter2');
    expect(Reason).toContain('Last lines: error: postgres://app:[redacted]@db/shop | DATABASE_URL=[redacted] | {"apiKey":[redacted]} | url');
    expect(Reason).not.toMatch(/[\p{Cc}]/u);
  });
});

describe('a task with a timeout', () => {
  test('is stopped after the timeout, and the deployment fails once the task has ended', async () => {
    aws.ecs.plans.push({ runsMs: 900_000, stopMs: 12_000, logs: ['applying 007', 'got SIGTERM'] });
    const start = aws.clock.now();
    const { Status, Reason } = await aws.request(update('', { TimeoutSeconds: '60' }));

    expect(Status).toBe('FAILED');
    expect(Reason).toMatch(/^The release task did not end within 60 s, so it was stopped\. .*raise its timeout \(at most 14 minutes\).*Last lines: applying 007 \| got SIGTERM$/);
    expect(aws.callsOf('ecs:StopTask')).toMatchObject([{ input: { cluster: CLUSTER, reason: 'Timed out after 60 seconds' } }]);
    expect(aws.clock.now() - start).toBeGreaterThan(72_000);
    expect(aws.clock.now() - start).toBeLessThan(90_000);
  });

  test('does not succeed after the timeout, even if it ends with code 0 when it is told to stop', async () => {
    aws.ecs.plans.push({ runsMs: 900_000, exitCodeWhenStopped: 0 });

    expect(await aws.request(update('', { TimeoutSeconds: '60' }))).toMatchObject({ Status: 'FAILED' });
  });

  test('succeeds if it ends within the timeout', async () => {
    aws.ecs.plans.push({ provisioningMs: 10_000, runsMs: 49_900 });

    expect(await aws.request(update('', { TimeoutSeconds: '60' }))).toMatchObject({ Status: 'SUCCESS' });
  });

  test('that takes long to stop after the timeout still gets a response in time', async () => {
    aws.ecs.plans.push({ runsMs: 2_000_000, stopMs: 120_000 });
    const start = aws.clock.now();
    const { Reason } = await aws.request(update('', { TimeoutSeconds: '840' }));

    expect(Reason).toContain('did not end within 840 s, so it is being stopped, which can take as long as its stopTimeout.');
    expect(aws.clock.now() - start).toBeLessThan(890_000);
  });

  test.each(['hang', 'reset'] as const)('is explained after the timeout even if its log cannot be read: %s', async (kind) => {
    aws.ecs.plans.push({ runsMs: 2_000_000, stopMs: 120_000 });
    aws.outage.logs = { kind };
    const start = aws.clock.now();
    const { Reason } = await aws.request(update('', { TimeoutSeconds: '840' }));

    expect(Reason).toContain('did not end within 840 s, so it is being stopped, which can take as long as its stopTimeout.');
    expect(aws.clock.now() - start).toBeLessThan(890_000);
  });

  test('that cannot be stopped keeps running, and the reason says how to stop it', async () => {
    aws.ecs.plans.push({ runsMs: 900_000 });
    aws.outageOf['ecs:StopTask'] = { kind: 'error', status: 400, code: 'InvalidParameterException', message: 'no' };

    expect(await aws.request(update('', { TimeoutSeconds: '60' }))).toMatchObject({
      Reason: expect.stringContaining('did not end within 60 s, and it is still running, because stopping it failed. '
        + `ecs:StopTask failed: InvalidParameterException: no. Stop it: aws ecs stop-task --region eu-west-1 --cluster ${CLUSTER} --task ${aws.ecs.tasks[0].arn}.`),
    });
  });

  test('gets a response even if AWS never responds', async () => {
    aws.faults.stack.push(undefined);
    aws.faults.ecs.push(undefined);
    aws.outage.ecs = { kind: 'hang' };
    const start = aws.clock.now();
    const answer = await aws.request(update('', { TimeoutSeconds: '840' }));

    expect(answer).toMatchObject({ Status: 'FAILED' });
    expect(aws.clock.now() - start).toBeLessThan(899_000);
  });

  test('is stopped in time even if the request has little time left', async () => {
    aws.ecs.plans.push({ runsMs: 900_000 });
    const start = aws.clock.now();
    await aws.clock.until(aws.run(update(''), 120_000));

    expect(JSON.parse(aws.answers[0]).Status).toBe('FAILED');
    expect(aws.clock.now() - start).toBeLessThan(120_000);
    expect(aws.ecs.tasks[0].wasStopped).toBe(true);
  });
});

describe('a deployment that is canceled', () => {
  test.each(['UPDATE_ROLLBACK_IN_PROGRESS', 'ROLLBACK_IN_PROGRESS', 'DELETE_IN_PROGRESS', 'UPDATE_FAILED'])('stops the task promptly: %s', async (status) => {
    aws.ecs.plans.push({ runsMs: 600_000 });
    aws.clock.at(60_000, () => { aws.stackStatus = status; });
    const start = aws.clock.now();
    const { Status, Reason } = await aws.request(update(''));

    expect({ Status, Reason }).toEqual({
      Status: 'FAILED',
      Reason: 'The deployment was canceled while the release task ran, so the task is being stopped, which can take as long as its stopTimeout. '
        + `Task: ${aws.ecs.tasks[0].arn}. Full log: aws logs get-log-events --region eu-west-1 --log-group-name MigrationLogs `
        + `--log-stream-name release/app/${'1'.padStart(32, '0')}.`,
    });
    expect(aws.ecs.tasks[0].wasStopped).toBe(true);
    expect(aws.clock.now() - start).toBeLessThan(80_000);
  });

  test('makes the reason say that the task is still running if it cannot be stopped', async () => {
    aws.ecs.plans.push({ runsMs: 600_000 });
    aws.outageOf['ecs:StopTask'] = { kind: 'error', status: 400, code: 'InvalidParameterException', message: 'no' };
    aws.clock.at(60_000, () => { aws.stackStatus = 'UPDATE_ROLLBACK_IN_PROGRESS'; });

    expect(await aws.request(update(''))).toMatchObject({ Reason: expect.stringContaining('the task is still running, because stopping it failed. ecs:StopTask failed: InvalidParameterException: no. Stop it: aws ecs stop-task') });
  });
});

describe('a task whose status ECS stops returning', () => {
  test('for a while is still watched', async () => {
    aws.faults.ecs.push(undefined, THROTTLED, SERVER_ERROR, { kind: 'reset' }, { kind: 'garbage' }, DENIED);

    expect(await aws.request(update(''))).toMatchObject({ Status: 'SUCCESS' });
  });

  test('for good makes the deployment fail, and is stopped', async () => {
    aws.ecs.visibleAfterMs = Infinity;
    const { Status, Reason } = await aws.request(update(''));

    expect(Status).toBe('FAILED');
    expect(Reason).toContain('ECS returned no status for the release task: it was not in the answer. The task is being stopped.');
  });

  test('because access is denied makes the deployment fail after a minute', async () => {
    aws.outageOf['ecs:DescribeTasks'] = DENIED;
    const start = aws.clock.now();

    expect(await aws.request(update(''))).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('AccessDeniedException') });
    expect(aws.clock.now() - start).toBeLessThan(75_000);
  });
});

test.each(['UPDATE_IN_PROGRESS', 'DELETE_IN_PROGRESS', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'])('Delete does nothing in any stack status: %s', async (status) => {
  aws.stackStatus = status;
  const answer = await aws.request(event({ RequestType: 'Delete', PhysicalResourceId: 'whatever' }));

  expect(answer).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'whatever' });
  expect(aws.actions).toEqual([]);
});

test.each([
  ['no digest', { ImageDigest: 'latest' }, 'ImageDigest is not a digest'],
  ['no cluster', { Cluster: '' }, 'Cluster is empty'],
  ['no task definition', { TaskDefinition: undefined }, 'TaskDefinition is empty'],
  ['no container', { ContainerName: '' }, 'ContainerName is empty'],
])('a request with %s is refused', async (_, given, expected) => {
  expect(await aws.request(event({}, given))).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining(expected) });
});

test('a request of an unknown type is refused', async () => {
  expect(await aws.request(event({ RequestType: 'Replace' }))).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('"Replace"') });
});
