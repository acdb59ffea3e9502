import { FIXTURES } from './fixtures';
import { event, NO_IMAGE, SECRETS, Simulation, STACK_ID, THROTTLED, update } from './simulation';
import { REGISTRY_ACTIONS } from '../../../src/guard/contract';
import { STACK_ACTIONS } from '../../../src/private/stack-actions';
import { expectCleanEnd } from '../../handler/end-of-test';

let aws: Simulation;
beforeEach(() => {
  aws = new Simulation();
  aws.stackStatus = 'CREATE_IN_PROGRESS';
});

afterEach(() => expectCleanEnd(aws, SECRETS));

describe('an existing image', () => {
  test('results in a response with its digest', async () => {
    const digest = aws.push('v1');

    expect(await aws.request(event())).toEqual({
      Status: 'SUCCESS',
      PhysicalResourceId: expect.stringContaining(digest.slice('sha256:'.length)),
      StackId: STACK_ID,
      RequestId: event().RequestId,
      LogicalResourceId: event().LogicalResourceId,
      NoEcho: false,
      Data: { ImageDigest: digest, ImageTag: 'v1', TaskCount2: '2' },
    });
    expect(aws.answers).toHaveLength(1);
  });

  test('requires two calls if it is an index', async () => {
    aws.push('v1', { fixture: FIXTURES.buildxIndex });
    await aws.request(event());

    expect(aws.actions).toEqual(['ecr:DescribeImages', 'ecr:BatchGetImage']);
  });

  test('requires three calls if it is a single manifest', async () => {
    aws.push('v1', { fixture: FIXTURES.dockerImage });
    await aws.request(event());

    expect(aws.actions).toEqual(['ecr:DescribeImages', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer']);
  });

  test('is not pulled if no platform must be checked', async () => {
    aws.push('v1');
    await aws.request(event({}, { Platforms: [] }));

    expect(aws.actions).toEqual(['ecr:DescribeImages']);
  });

  test('can be named by its digest', async () => {
    const digest = aws.push(undefined, { salt: 'untagged' });

    expect(await aws.request(event({}, { VersionKind: 'digest', VersionValue: digest }))).toMatchObject({ Data: { ImageDigest: digest, ImageTag: '' } });
  });

  test('is requested from its own registry with a signature for that region', async () => {
    aws.push('v1');
    await aws.request(event({}, {
      RepositoryUri: '999988887777.dkr.ecr.cn-north-1.amazonaws.com.cn/app',
      RegistryId: '999988887777',
      RegistryRegion: 'cn-north-1',
    }));

    const [{ request, input }] = aws.calls;
    expect(request.url).toBe('https://api.ecr.cn-north-1.amazonaws.com.cn/');
    expect(input).toEqual({ registryId: '999988887777', repositoryName: 'app', imageIds: [{ imageTag: 'v1' }] });
    expect(request.headers.authorization).toContain('/cn-north-1/ecr/aws4_request');
  });
});

describe('a missing image', () => {
  test('makes the request fail with the reason', async () => {
    aws.push('v0');
    const { Status, Reason, PhysicalResourceId } = await aws.request(event());

    expect(Status).toBe('FAILED');
    expect(Reason).toMatch(/^Image 111122223333\.dkr\.ecr\.eu-west-1\.amazonaws\.com\/app:v1 does not exist/);
    expect(Reason).toContain('Latest images: v0 (2026-11-24T00:00Z)');
    expect(PhysicalResourceId).toBe('phased-fargate/Service/ApiGuard1A2B3C4D');
  });

  test('is found as soon as it is pushed while the guard waits', async () => {
    aws.clock.at(47_000, () => aws.push('v1'));
    const start = aws.clock.now();

    expect(await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '120' }))).toMatchObject({ Status: 'SUCCESS' });
    expect(aws.clock.now() - start).toBeLessThan(47_000 + 7_000);
  });

  test('is looked up until the very end of the wait', async () => {
    aws.clock.at(119_900, () => aws.push('v1'));

    expect(await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '120' }))).toMatchObject({ Status: 'SUCCESS' });
  });

  test('makes the request fail as soon as the wait is over', async () => {
    const start = aws.clock.now();
    const { Status, Reason } = await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '120' }));

    expect(Status).toBe('FAILED');
    expect(Reason).toContain('does not exist (account 111122223333, region eu-west-1), after waiting 120 s.');
    expect(aws.clock.now() - start).toBeLessThan(121_000);
  });

  test('is looked up at once, every few seconds, and when the wait is over, and the first and last lookups include the archive', async () => {
    const start = aws.clock.now();
    await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '12' }));
    const looks = aws.calls.filter(({ input }) => input.imageIds).map(({ at, input }) => [Math.round((at - start) / 1000), input.filter]);

    expect(looks).toEqual([[0, undefined], [0, { imageStatus: 'ANY' }], [6, undefined], [11, undefined], [12, undefined], [12, { imageStatus: 'ANY' }]]);
  });

  test('is looked up at most every five seconds', async () => {
    await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '120' }));
    const looks = aws.calls.filter(({ action, input }) => action === 'ecr:DescribeImages' && input.imageIds && !input.filter);

    // The last lookup happens at the end of the wait, regardless of the previous one.
    const gaps = looks.slice(1, -1).map(({ at }, index) => at - looks[index].at);
    expect(gaps.length).toBeGreaterThan(10);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(5_000);
  });

  test('results in a response before Lambda ends, however long the wait', async () => {
    const start = aws.clock.now();

    expect(await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '3600' }), 300_000)).toMatchObject({ Status: 'FAILED' });
    expect(aws.clock.now() - start).toBeLessThan(290_000);
  });

  test('results in a start without tasks if that was requested', async () => {
    const answer = await aws.request(event({}, { WhenMissing: 'startWithoutTasks', Nonce: '1' }));

    expect(answer).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: NO_IMAGE, ImageTag: 'v1', TaskCount2: '0' } });
    expect(aws.lastLine).toMatchObject({ level: 'warn', decision: 'succeed', observed: 'missing' });
  });
});

describe('if a service starts without tasks,', () => {
  const attempt = (number: number) => ({ WhenMissing: 'startWithoutTasks', Nonce: String(number) });

  test('the next deployment of the same tag uses the image', async () => {
    const first = await aws.request(event({}, attempt(1)));
    const digest = aws.push('v1');

    expect(await next(update(first.PhysicalResourceId, attempt(2)))).toMatchObject({ Data: { ImageDigest: digest, TaskCount2: '2' } });
  });

  test('an empty parameter has the same effect as a missing image', async () => {
    const answer = await aws.request(event({}, { ...attempt(1), VersionKind: 'parameter', VersionValue: '' }));

    expect(answer).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: NO_IMAGE, ImageTag: '', TaskCount2: '0' } });
  });

  test('a running service is not stopped because the next image is missing', async () => {
    aws.push('v1');
    const first = await aws.request(event({}, attempt(1)));
    const second = await next(update(first.PhysicalResourceId, { ...attempt(2), VersionValue: 'v2' }));

    expect(second).toMatchObject({ Status: 'FAILED', PhysicalResourceId: first.PhysicalResourceId });
    expect(second.Reason).toContain('tasks keep the previous image');
  });

  test('a rollback to the state without tasks stops the tasks again', async () => {
    const first = await aws.request(event({}, attempt(1)));
    aws.push('v1');
    const second = await next(update(first.PhysicalResourceId, attempt(2)));
    aws.stackStatus = 'UPDATE_ROLLBACK_IN_PROGRESS';

    expect(await next(update(second.PhysicalResourceId, attempt(1)))).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: NO_IMAGE, TaskCount2: '0' } });
  });
});

describe('an update', () => {
  test('of the library keeps the image even if its tag has moved', async () => {
    const before = aws.push('v1');
    const { PhysicalResourceId } = await aws.request(event());
    aws.push('v1', { salt: 'another' });

    expect(await next(update(PhysicalResourceId, { ContractVersion: '4' }))).toMatchObject({ Data: { ImageDigest: before } });
  });

  test('looks up the tag again if the image is gone', async () => {
    const before = aws.push('v1');
    const { PhysicalResourceId } = await aws.request(event());
    const now = aws.push('v1', { salt: 'another' });
    aws.remove(before);

    expect(await next(update(PhysicalResourceId, { ContractVersion: '4' }))).toMatchObject({ Data: { ImageDigest: now } });
  });

  test('detects in one call that the image is gone', async () => {
    const before = aws.push('v1');
    const { PhysicalResourceId } = await aws.request(event());
    aws.remove(before);
    aws.push('v1', { salt: 'another' });
    aws.calls.length = 0;
    await next(update(PhysicalResourceId, { ContractVersion: '4' }));

    expect(aws.actions).toEqual(['cloudformation:DescribeStacks', 'ecr:DescribeImages', 'ecr:DescribeImages', 'ecr:BatchGetImage']);
  });

  test('looks up the tag again if the image does not run on the new platform', async () => {
    aws.push('v1', { fixture: FIXTURES.dockerImage });
    const { PhysicalResourceId } = await aws.request(event());
    const now = aws.push('v1', { fixture: FIXTURES.ociImage });

    expect(await next(update(PhysicalResourceId, { Platforms: ['LINUX/ARM64'] }))).toMatchObject({ Data: { ImageDigest: now } });
  });

  test('does not mistake an error for a missing image', async () => {
    aws.push('v1');
    const { PhysicalResourceId, Data } = await aws.request(event());
    aws.push('v1', { salt: 'another' });
    aws.faults.registry.push(THROTTLED);

    expect(await next(update(PhysicalResourceId, { ContractVersion: '4' }))).toMatchObject({ Data });
  });

  test('with a moving tag and a new synthesis follows the tag', async () => {
    aws.push('main');
    const { PhysicalResourceId } = await aws.request(event({}, { VersionKind: 'movingTag', VersionValue: 'main', Nonce: '1' }));
    const now = aws.push('main', { salt: 'another' });

    expect(await next(update(PhysicalResourceId, { VersionKind: 'movingTag', VersionValue: 'main', Nonce: '2' }))).toMatchObject({ Data: { ImageDigest: now } });
  });

  test('to an earlier release looks up its tag again', async () => {
    aws.push('v1');
    const first = await aws.request(event());
    aws.push('v2');
    const second = await next(update(first.PhysicalResourceId, { VersionValue: 'v2' }));
    const now = aws.push('v1', { salt: 'another' });

    expect(await next(update(second.PhysicalResourceId))).toMatchObject({ Data: { ImageDigest: now } });
  });

  test('that fails keeps the ID', async () => {
    aws.push('v1');
    const { PhysicalResourceId } = await aws.request(event());

    expect(await next(update(PhysicalResourceId, { VersionValue: 'v2' }))).toMatchObject({ Status: 'FAILED', PhysicalResourceId });
  });
});

test('the handler uses all permissions of its role, and no others', async () => {
  aws.push('v1', { fixture: FIXTURES.dockerImage });
  const { PhysicalResourceId } = await aws.request(event());
  await next(update(PhysicalResourceId, { VersionValue: 'v2' }));

  expect([...new Set(aws.actions)].sort()).toEqual([...REGISTRY_ACTIONS, ...STACK_ACTIONS].sort());
});

async function next(message: unknown) {
  aws.answers.length = 0;
  return aws.request(message);
}
