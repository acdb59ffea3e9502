import { FIXTURES } from './fixtures';
import { DENIED, event, Fault, NO_IMAGE, SECRETS, SERVER_ERROR, Simulation, STACK_ID, THROTTLED, update } from './simulation';
import { REGISTRY_ACTIONS } from '../../../src/guard/contract';
import { NetworkError } from '../../../src/handler/runtime/http';
import { STACK_ACTIONS } from '../../../src/private/stack-actions';

let aws: Simulation;
beforeEach(() => {
  aws = new Simulation();
  aws.stackStatus = 'CREATE_IN_PROGRESS';
});

afterEach(() => {
  expect(aws.clock.sleepers).toBe(0);
  for (const text of [...aws.lines, ...aws.answers]) {
    for (const secret of SECRETS) expect(text).not.toContain(secret);
  }
});

describe('an image that is there', () => {
  test('is answered with its digest', async () => {
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

  test('takes two calls if it is an index', async () => {
    aws.push('v1', { fixture: FIXTURES.buildxIndex });
    await aws.request(event());

    expect(aws.actions).toEqual(['ecr:DescribeImages', 'ecr:BatchGetImage']);
  });

  test('takes three calls if it is a single manifest', async () => {
    aws.push('v1', { fixture: FIXTURES.dockerImage });
    await aws.request(event());

    expect(aws.actions).toEqual(['ecr:DescribeImages', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer']);
  });

  test('is not pulled where there is no platform to check', async () => {
    aws.push('v1');
    await aws.request(event({}, { Platforms: [] }));

    expect(aws.actions).toEqual(['ecr:DescribeImages']);
  });

  test('may be named by its digest', async () => {
    const digest = aws.push(undefined, { salt: 'untagged' });

    expect(await aws.request(event({}, { VersionKind: 'digest', VersionValue: digest }))).toMatchObject({ Data: { ImageDigest: digest, ImageTag: '' } });
  });

  test('is asked of its own registry, signed', async () => {
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

describe('an image that is missing', () => {
  test('fails with the reason', async () => {
    aws.push('v0');
    const { Status, Reason, PhysicalResourceId } = await aws.request(event());

    expect(Status).toBe('FAILED');
    expect(Reason).toMatch(/^Image 111122223333\.dkr\.ecr\.eu-west-1\.amazonaws\.com\/app:v1 does not exist/);
    expect(Reason).toContain('Pushed last: v0 (2026-11-24T00:00Z)');
    expect(PhysicalResourceId).toBe('phased-fargate/Service/ApiGuard1A2B3C4D');
  });

  test('is found as soon as it is pushed, while the guard waits', async () => {
    aws.clock.at(47_000, () => aws.push('v1'));
    const start = aws.clock.now();

    expect(await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '120' }))).toMatchObject({ Status: 'SUCCESS' });
    expect(aws.clock.now() - start).toBeLessThan(47_000 + 7_000);
  });

  test('is looked for until the very end of the wait', async () => {
    aws.clock.at(119_900, () => aws.push('v1'));

    expect(await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '120' }))).toMatchObject({ Status: 'SUCCESS' });
  });

  test('fails when the wait is over, at once and not later', async () => {
    const start = aws.clock.now();
    const { Status, Reason } = await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '120' }));

    expect(Status).toBe('FAILED');
    expect(Reason).toContain('does not exist (account 111122223333, region eu-west-1), after 120 s.');
    expect(aws.clock.now() - start).toBeLessThan(121_000);
  });

  test('is looked for at once, every few seconds, and when the wait is over; in the archive, first and last', async () => {
    const start = aws.clock.now();
    await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '12' }));
    const looks = aws.calls.filter(({ input }) => input.imageIds).map(({ at, input }) => [Math.round((at - start) / 1000), input.filter]);

    expect(looks).toEqual([[0, undefined], [0, { imageStatus: 'ANY' }], [6, undefined], [11, undefined], [12, undefined], [12, { imageStatus: 'ANY' }]]);
  });

  test('is not asked for more often than every five seconds', async () => {
    await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '120' }));
    const looks = aws.calls.filter(({ action, input }) => action === 'ecr:DescribeImages' && input.imageIds && !input.filter);

    // The last look is made at the end of the wait, whenever the one before was.
    const gaps = looks.slice(1, -1).map(({ at }, index) => at - looks[index].at);
    expect(gaps.length).toBeGreaterThan(10);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(5_000);
  });

  test('leaves time to answer before Lambda ends, however long the wait', async () => {
    const start = aws.clock.now();

    expect(await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '3600' }), 300_000)).toMatchObject({ Status: 'FAILED' });
    expect(aws.clock.now() - start).toBeLessThan(290_000);
  });

  test('makes a start without tasks, if that was asked for', async () => {
    const answer = await aws.request(event({}, { WhenMissing: 'startWithoutTasks', Nonce: '1' }));

    expect(answer).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: NO_IMAGE, ImageTag: 'v1', TaskCount2: '0' } });
    expect(lastLine()).toMatchObject({ level: 'warn', decision: 'succeed', observed: 'missing' });
  });
});

describe('starting without tasks', () => {
  const attempt = (number: number) => ({ WhenMissing: 'startWithoutTasks', Nonce: String(number) });

  test('the next deployment of the same tag brings the image', async () => {
    const first = await aws.request(event({}, attempt(1)));
    const digest = aws.push('v1');

    expect(await next(update(first.PhysicalResourceId, attempt(2)))).toMatchObject({ Data: { ImageDigest: digest, TaskCount2: '2' } });
  });

  test('an empty parameter is a start as well', async () => {
    const answer = await aws.request(event({}, { ...attempt(1), VersionKind: 'parameter', VersionValue: '' }));

    expect(answer).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: NO_IMAGE, ImageTag: '', TaskCount2: '0' } });
  });

  test('what runs is not stopped because the next image is missing', async () => {
    aws.push('v1');
    const first = await aws.request(event({}, attempt(1)));
    const second = await next(update(first.PhysicalResourceId, { ...attempt(2), VersionValue: 'v2' }));

    expect(second).toMatchObject({ Status: 'FAILED', PhysicalResourceId: first.PhysicalResourceId });
    expect(second.Reason).toContain('keep running');
  });

  test('a rollback to the start stops the tasks again', async () => {
    const first = await aws.request(event({}, attempt(1)));
    aws.push('v1');
    const second = await next(update(first.PhysicalResourceId, attempt(2)));
    aws.stackStatus = 'UPDATE_ROLLBACK_IN_PROGRESS';

    expect(await next(update(second.PhysicalResourceId, attempt(1)))).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: NO_IMAGE, TaskCount2: '0' } });
  });
});

describe('an update', () => {
  test('of the library keeps the image although its tag has moved', async () => {
    const before = aws.push('v1');
    const { PhysicalResourceId } = await aws.request(event());
    aws.push('v1', { salt: 'another' });

    expect(await next(update(PhysicalResourceId, { ContractVersion: '4' }))).toMatchObject({ Data: { ImageDigest: before } });
  });

  test('asks for the tag anew when the image is gone', async () => {
    const before = aws.push('v1');
    const { PhysicalResourceId } = await aws.request(event());
    const now = aws.push('v1', { salt: 'another' });
    aws.remove(before);

    expect(await next(update(PhysicalResourceId, { ContractVersion: '4' }))).toMatchObject({ Data: { ImageDigest: now } });
  });

  test('looks for the image that is gone in one call', async () => {
    const before = aws.push('v1');
    const { PhysicalResourceId } = await aws.request(event());
    aws.remove(before);
    aws.push('v1', { salt: 'another' });
    aws.calls.length = 0;
    await next(update(PhysicalResourceId, { ContractVersion: '4' }));

    expect(aws.actions).toEqual(['cloudformation:DescribeStacks', 'ecr:DescribeImages', 'ecr:DescribeImages', 'ecr:BatchGetImage']);
  });

  test('asks for the tag anew when the image does not run on what is needed now', async () => {
    aws.push('v1', { fixture: FIXTURES.dockerImage });
    const { PhysicalResourceId } = await aws.request(event());
    const now = aws.push('v1', { fixture: FIXTURES.ociImage });

    expect(await next(update(PhysicalResourceId, { Platforms: ['LINUX/ARM64'] }))).toMatchObject({ Data: { ImageDigest: now } });
  });

  test('does not take a trouble for an absence', async () => {
    aws.push('v1');
    const { PhysicalResourceId, Data } = await aws.request(event());
    aws.push('v1', { salt: 'another' });
    aws.faults.registry.push(THROTTLED);

    expect(await next(update(PhysicalResourceId, { ContractVersion: '4' }))).toMatchObject({ Data });
  });

  test('with a moving tag of a new synthesis follows the tag', async () => {
    aws.push('main');
    const { PhysicalResourceId } = await aws.request(event({}, { VersionKind: 'movingTag', VersionValue: 'main', Nonce: '1' }));
    const now = aws.push('main', { salt: 'another' });

    expect(await next(update(PhysicalResourceId, { VersionKind: 'movingTag', VersionValue: 'main', Nonce: '2' }))).toMatchObject({ Data: { ImageDigest: now } });
  });

  test('to an earlier release asks for its tag anew', async () => {
    aws.push('v1');
    const first = await aws.request(event());
    aws.push('v2');
    const second = await next(update(first.PhysicalResourceId, { VersionValue: 'v2' }));
    const now = aws.push('v1', { salt: 'another' });

    expect(await next(update(second.PhysicalResourceId))).toMatchObject({ Data: { ImageDigest: now } });
  });

  test('that fails keeps the id', async () => {
    aws.push('v1');
    const { PhysicalResourceId } = await aws.request(event());

    expect(await next(update(PhysicalResourceId, { VersionValue: 'v2' }))).toMatchObject({ Status: 'FAILED', PhysicalResourceId });
  });
});

describe('a rollback', () => {
  const monday = { VersionKind: 'movingTag', VersionValue: 'main', Nonce: 'monday' };
  const tuesday = { VersionKind: 'movingTag', VersionValue: 'main', Nonce: 'tuesday' };
  const UNKNOWN_ID = 'an id of something else';
  let before: string;
  let idBefore: string;
  let idAfter: string;

  beforeEach(async () => {
    before = aws.push('main');
    idBefore = (await aws.request(event({}, monday))).PhysicalResourceId;
    aws.push('main', { salt: 'another' });
    idAfter = (await next(update(idBefore, tuesday, monday))).PhysicalResourceId;
    aws.stackStatus = 'UPDATE_ROLLBACK_IN_PROGRESS';
    aws.calls.length = 0;
    aws.lines.length = 0;
  });

  const back = (physicalId: string) => update(physicalId, monday, tuesday);

  test('answers with what was deployed, whichever id it is handed, and does not ask the registry', async () => {
    expect(idAfter).not.toBe(idBefore);
    for (const id of [idBefore, idAfter]) {
      expect(await next(back(id))).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: idBefore, Data: { ImageDigest: before } });
    }
    expect(aws.actions).toEqual(['cloudformation:DescribeStacks', 'cloudformation:DescribeStacks']);
  });

  test('answers with what was deployed even if that is gone and the registry is down', async () => {
    aws.remove(before);
    aws.outage.registry = SERVER_ERROR;

    expect(await next(back(idAfter))).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: before } });
  });

  test('answers with what was deployed for the platform of then, although the tag is now on an image for another', async () => {
    const amd64 = aws.push('v1', { fixture: FIXTURES.dockerImage });
    aws.stackStatus = 'CREATE_IN_PROGRESS';
    const first = await next(event());
    aws.push('v1', { fixture: FIXTURES.ociImage });
    aws.stackStatus = 'UPDATE_IN_PROGRESS';
    const second = await next(update(first.PhysicalResourceId, { Platforms: ['LINUX/ARM64'] }, {}));
    aws.stackStatus = 'UPDATE_ROLLBACK_IN_PROGRESS';

    expect(second.PhysicalResourceId).not.toBe(first.PhysicalResourceId);
    expect(await next(update(second.PhysicalResourceId, {}, { Platforms: ['LINUX/ARM64'] })))
      .toMatchObject({ PhysicalResourceId: first.PhysicalResourceId, Data: { ImageDigest: amd64 } });
  });

  test.each(['UPDATE_ROLLBACK_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS', 'UPDATE_ROLLBACK_FAILED'])(
    'is one only while it is in progress: in %s a missing image is missing', async (status) => {
      aws.stackStatus = status;

      expect(await next(update(idAfter, { VersionValue: 'v9' }, tuesday))).toMatchObject({ Status: 'FAILED', PhysicalResourceId: idAfter });
    });

  test('is recognized after CloudFormation has refused to say at first', async () => {
    aws.faults.stack.push(THROTTLED, { kind: 'reset' }, THROTTLED);

    expect(await next(back(idAfter))).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: before } });
    expect(lastLine()).toMatchObject({ level: 'info', operation: 'rollback' });
  });

  test.each<[string, () => void]>([
    ['is there', () => undefined],
    ['is gone', () => aws.remove(before)],
    ['cannot be asked for', () => { aws.outage.registry = SERVER_ERROR; }],
  ])('that CloudFormation does not admit goes back to what is on record, with a warning, where the image %s', async (_, arrange) => {
    arrange();
    aws.outage.stack = THROTTLED;

    expect(await next(back(idAfter))).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: before } });
    expect(lastLine()).toMatchObject({ level: 'warn', operation: 'unknown', message: expect.stringContaining('cannot determine whether the stack is rolling back') });
  });

  test('that CloudFormation does not admit goes back to the record that there was no image', async () => {
    const properties = { VersionValue: 'v9', WhenMissing: 'startWithoutTasks', Nonce: '1' };
    const { PhysicalResourceId } = await next(event({}, properties));
    aws.outage.stack = THROTTLED;

    expect(await next(update(PhysicalResourceId, properties))).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: NO_IMAGE, TaskCount2: '0' } });
  });

  test('with nothing on record asks what the tag means today', async () => {
    const today = aws.push('main', { salt: 'today' });

    expect(await next(back(UNKNOWN_ID))).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: today } });
  });

  test('with nothing on record and nothing to be found does not stand in the way', async () => {
    aws.repositoryExists = false;

    expect(await next(back(UNKNOWN_ID))).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: NO_IMAGE, TaskCount2: '0' } });
    expect(lastLine()).toMatchObject({ level: 'warn', operation: 'rollback' });
  });

  test('with nothing on record gives an ailing registry some time', async () => {
    aws.faults.registry.push(THROTTLED, SERVER_ERROR, DENIED);
    const today = aws.push('main', { salt: 'today' });

    expect(await next(back(UNKNOWN_ID))).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: today } });
  });

  test('with nothing on record does not wait for an image', async () => {
    const start = aws.clock.now();
    aws.tags.clear();
    await next(update(UNKNOWN_ID, { VersionValue: 'v9', WhenMissing: 'waitFor', WaitSeconds: '600' }));

    expect(aws.answered).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: NO_IMAGE } });
    expect(aws.clock.now() - start).toBeLessThan(1_000);
  });

  test('that begins while an update waits is noticed before that one fails', async () => {
    aws.stackStatus = 'UPDATE_IN_PROGRESS';
    aws.clock.at(30_000, () => { aws.stackStatus = 'UPDATE_ROLLBACK_IN_PROGRESS'; });

    expect(await next(update(UNKNOWN_ID, { VersionValue: 'v9', WhenMissing: 'waitFor', WaitSeconds: '60' })))
      .toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: NO_IMAGE } });
  });

  test('that CloudFormation does not admit, while an update waits, goes back to what is on record', async () => {
    aws.push('v9');
    aws.stackStatus = 'UPDATE_IN_PROGRESS';
    const first = (await next(event({}, { VersionValue: 'v9' }))).Data!.ImageDigest;
    const id = aws.answered.PhysicalResourceId;
    aws.remove(first);
    aws.clock.at(30_000, () => { aws.outage.stack = THROTTLED; });

    expect(await next(update(id, { VersionValue: 'v9', WhenMissing: 'waitFor', WaitSeconds: '60' }))).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: first } });
  });

  test('is nothing to a Create, which fails without its image', async () => {
    aws.stackStatus = 'ROLLBACK_IN_PROGRESS';

    expect(await next(event({}, { VersionValue: 'v9' }))).toMatchObject({ Status: 'FAILED' });
    expect(aws.actions).not.toContain('cloudformation:DescribeStacks');
  });
});

describe('a registry in trouble', () => {
  test.each([
    ['throttled', THROTTLED],
    ['ailing', SERVER_ERROR],
    ['silent', { kind: 'hang' }],
    ['resetting', { kind: 'reset' }],
    ['behind a captive portal', { kind: 'garbage' }],
    ['not yet open to a new role', DENIED],
  ] as const)('%s is asked again', async (_, fault) => {
    const digest = aws.push('v1');
    aws.faults.registry.push(fault, undefined, fault, fault);

    expect(await aws.request(event())).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: digest } });
  });

  test.each([
    ['throttled', THROTTLED, /throttling, after 60 s/],
    ['ailing', SERVER_ERROR, /unavailable, after 60 s/],
    ['denied', DENIED, /^arn:aws:sts::111122223333:assumed-role\/GuardRole\/Guard lacks permission for ecr:DescribeImages .*after 60 s/],
  ] as const)('%s for a minute is a failure', async (_, fault, reason) => {
    aws.outage.registry = fault;
    const start = aws.clock.now();
    const { Status, Reason } = await aws.request(event());

    expect(Status).toBe('FAILED');
    expect(Reason).toMatch(reason);
    expect(aws.clock.now() - start).toBeLessThan(62_000);
  });

  test.each([
    ['throttled', THROTTLED],
    ['ailing', SERVER_ERROR],
  ])('%s is asked again more and more slowly, and at least every ten seconds', async (_, fault) => {
    aws.outage.registry = fault;
    await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '800' }));
    const looks = aws.calls.filter(({ action }) => action === 'ecr:DescribeImages');

    // The last look is made at the end of the wait, whenever the one before was.
    const gaps = looks.slice(1, -1).map(({ at }, index) => at - looks[index].at);
    expect(gaps.length).toBeGreaterThan(80);
    expect(gaps.slice(0, 3).map((gap, index) => Math.floor(gap / 2 ** index / 1_000))).toEqual([1, 1, 1]);
    expect(Math.min(...gaps.slice(3))).toBeGreaterThanOrEqual(5_000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(10_100);
  });

  test('that throttles is asked at a slower pace for some time after it has answered', async () => {
    aws.faults.registry.push(...Array.from({ length: 3 }, () => THROTTLED));
    await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '800' }));
    const looks = aws.calls.filter(({ action, input }) => action === 'ecr:DescribeImages' && !input.filter);
    const gaps = looks.slice(1, -1).map(({ at }, index) => at - looks[index].at).slice(3);

    expect(gaps[0]).toBeGreaterThanOrEqual(30_000);
    expect(gaps[0]).toBeLessThan(36_100);
    expect(Math.max(...gaps.slice(10))).toBeLessThan(6_100);
  });

  test('denied is not waited for as for an image', async () => {
    aws.outage.registry = DENIED;
    const start = aws.clock.now();
    await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '800' }));

    expect(aws.clock.now() - start).toBeLessThan(62_000);
  });

  test.each([
    ['repository', (): void => { aws.repositoryExists = false; }, /^Repository .* does not exist/],
    ['archived', (): void => { aws.push('v1', { status: 'ARCHIVED' }); }, /is archived/],
    ['hidden in the archive', (): void => { aws.push('v1', { status: 'ARCHIVED' }); aws.showsArchivedUnasked = false; }, /is archived/],
    ['platform', (): void => { aws.push('v1', { fixture: FIXTURES.ociImage }); }, /does not run on linux\/amd64/],
    ['Helm chart', (): void => { aws.push('v1', { fixture: FIXTURES.helmChart }); }, /is not a container image: it is a Helm chart/],
    ['KMS', (): void => { aws.outage.registry = { kind: 'error', status: 400, code: 'KmsException', message: 'key is disabled' }; }, /cannot decrypt/],
    ['name', (): void => { aws.outage.registry = { kind: 'error', status: 400, code: 'InvalidParameterException', message: 'bad' }; }, /rejects the image name/],
  ])('what no time cures (%s) fails at once', async (_, arrange, reason) => {
    arrange();
    const start = aws.clock.now();
    const { Status, Reason } = await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '800' }));

    expect(Status).toBe('FAILED');
    expect(Reason).toMatch(reason);
    expect(aws.clock.now() - start).toBeLessThan(1_000);
  });

  test.each<[string, Fault[], object]>([
    ['after an outage', [SERVER_ERROR, SERVER_ERROR], {}],
    ['after throttling', [THROTTLED], {}],
    ['after an outage, where tasks need no image', [SERVER_ERROR], { WhenMissing: 'startWithoutTasks', Nonce: '1' }],
    ['after an outage that has outlasted the wait', Array.from({ length: 6 }, () => SERVER_ERROR), { WhenMissing: 'waitFor', WaitSeconds: '20' }],
  ])('an image that ECR hides in the archive is not taken for missing %s', async (_, faults, properties) => {
    aws.push('v1', { status: 'ARCHIVED' });
    aws.showsArchivedUnasked = false;
    aws.faults.registry = [...faults];
    const { Status, Reason } = await aws.request(event({}, properties));

    expect(Status).toBe('FAILED');
    expect(Reason).toMatch(/is archived/);
  });

  test('an image on its way out of the archive is waited for', async () => {
    aws.push('v1', { status: 'ACTIVATING' });
    aws.clock.at(30_000, () => aws.push('v1'));

    expect(await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '60' }))).toMatchObject({ Status: 'SUCCESS' });
  });

  test('an archive that cannot be asked for is no archive', async () => {
    aws.faults.registry.push(undefined, { kind: 'error', status: 400, code: 'InvalidParameterException' });

    expect((await aws.request(event())).Reason).toContain('does not exist');
  });

  test('a reason does without the images that cannot be listed', async () => {
    aws.push('v0');
    aws.faults.registry.push(undefined, undefined, DENIED);
    const { Reason } = await aws.request(event());

    expect(Reason).toContain('docker buildx build');
    expect(Reason).not.toContain('Pushed last');
  });
});

describe('one answer, in time', () => {
  test.each(['Create', 'Update', 'Delete'])('a malformed %s is answered', async (RequestType) => {
    const answer = await aws.request({ ...event({ RequestType, PhysicalResourceId: 'id' }), ResourceProperties: 7 });

    expect(answer.Status).toBe(RequestType === 'Delete' ? 'SUCCESS' : 'FAILED');
    expect(answer.PhysicalResourceId).toBe('id');
  });

  test('a Delete asks nobody anything', async () => {
    await aws.request(event({ RequestType: 'Delete', PhysicalResourceId: 'id' }));

    expect(aws.actions).toEqual([]);
  });

  test('without anybody to answer to, the request fails', async () => {
    await expect(aws.run(event({ ResponseURL: undefined }))).rejects.toThrow('no ResponseURL');
  });

  test('a bug is answered too', async () => {
    aws.random = () => { throw new Error(`surprise at ${SECRETS[0]}`); };
    aws.outage.registry = THROTTLED;

    expect(await aws.request(event())).toMatchObject({ Status: 'FAILED', Reason: 'The guard failed: Error: surprise at [redacted]' });
    expect(lastLine()).toMatchObject({ level: 'error', message: 'the guard failed' });
  });

  test('when nothing else helps, the alarm answers before Lambda ends', async () => {
    aws.send = async (request) => {
      if (request.method !== 'PUT') await new Promise(() => undefined);
      aws.answers.push(request.body!);
      return { status: 200, headers: {}, body: Buffer.from('') };
    };
    const start = aws.clock.now();

    expect(await aws.request(event())).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('out of time after 290 s') });
    expect(aws.clock.now() - start).toBeLessThan(300_000);
  });

  test.each([1_000, 3_000, 10_000, 60_000])('a rollback answers the record in %i ms, although AWS is silent', async (remainingMs) => {
    const v1 = aws.push('v1');
    const { PhysicalResourceId } = await aws.request(event());
    aws.stackStatus = 'UPDATE_ROLLBACK_IN_PROGRESS';
    for (const silent of [['stack'], ['registry'], ['stack', 'registry']] as const) {
      aws.outage = Object.fromEntries(silent.map((server) => [server, { kind: 'hang' }]));
      aws.answers.length = 0;

      expect(await aws.request(update(PhysicalResourceId, { ReleaseTagName: 'api' }), remainingMs)).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: v1 } });
    }
  });

  test('a rollback with an id that says nothing passes, although the registry is silent', async () => {
    aws.stackStatus = 'UPDATE_ROLLBACK_IN_PROGRESS';
    aws.outage = { registry: { kind: 'hang' } };

    expect(await aws.request(update('imported', { ReleaseTagName: 'api' }), 3_000)).toMatchObject({ Status: 'SUCCESS' });
  });

  test('nothing that was under way goes on after the answer', async () => {
    const { send } = aws;
    aws.send = async (request) => {
      if (request.method === 'PUT') return send(request);
      await aws.clock.sleep(30_000);
      throw new NetworkError('too late');
    };
    await aws.request(update('id'), 3_000);
    const before = { calls: aws.calls.length, lines: aws.lines.length };
    await aws.clock.until(aws.clock.sleep(60_000));

    expect(aws.answered.Reason).toContain('out of time after 3 s');
    expect({ calls: aws.calls.length, lines: aws.lines.length }).toEqual(before);
  });

  test('a Lambda of few seconds answers as well', async () => {
    aws.outage.registry = { kind: 'hang' };
    const start = aws.clock.now();
    await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '60' }), 3_000);

    expect(aws.clock.now() - start).toBeLessThan(3_000);
  });

  test.each([
    ['refuses', { kind: 'reset' }],
    ['resets after it has taken the answer', { kind: 'answerThenReset' }],
    ['hangs', { kind: 'hang' }],
    ['fails', SERVER_ERROR],
    ['is busy', { kind: 'error', status: 429, code: 'SlowDown' }],
  ] as const)('an endpoint that %s gets the same answer again', async (_, fault) => {
    aws.push('v1');
    aws.faults.endpoint.push(fault, fault);

    expect(await aws.request(event())).toMatchObject({ Status: 'SUCCESS' });
    expect(new Set(aws.answers).size).toBe(1);
    expect(aws.calls.filter(({ request }) => request.method === 'PUT')).toHaveLength(3);
  });

  test('an endpoint that stays away makes the invocation fail in time, so that Lambda repeats it', async () => {
    aws.push('v1');
    aws.outage.endpoint = { kind: 'hang' };
    const start = aws.clock.now();

    await expect(aws.run(event(), 60_000)).rejects.toThrow('the answer could not be delivered');
    expect(aws.clock.now() - start).toBeLessThan(60_000);
    expect(lastLine()).toMatchObject({ level: 'error', message: 'the answer was not delivered', hopeless: true });
  });

  test('an endpoint that refuses the signature is not asked again', async () => {
    aws.push('v1');
    aws.outage.endpoint = { kind: 'error', status: 403, code: 'AccessDenied' };

    await expect(aws.run(event())).rejects.toThrow('HTTP 403');
    expect(aws.calls.filter(({ request }) => request.method === 'PUT')).toHaveLength(1);
  });

  test('secrets that a server sends back are struck out', async () => {
    aws.outage.registry = { kind: 'error', status: 400, code: 'Strange', message: `you sent ${SECRETS.join(' ')}` };

    expect((await aws.request(event())).Reason).toContain('Strange: you sent [redacted] [redacted] [redacted] [redacted]');
  });
});

describe('the log', () => {
  test('has one line per decision', async () => {
    const digest = aws.push('v1');
    await aws.request(event());

    expect(aws.lines.map((line) => JSON.parse(line))).toEqual([{
      level: 'info',
      message: 'the deployment may proceed',
      requestType: 'Create',
      stackId: STACK_ID,
      logicalId: event().LogicalResourceId,
      requestId: event().RequestId,
      repository: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/app',
      version: 'tag:v1',
      observed: 'found',
      decision: 'succeed',
      operation: 'forward',
      digest,
      elapsedMs: expect.any(Number),
      calls: 2,
    }]);
  });

  test('says once what is waited for', async () => {
    await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '600' }));

    expect(aws.lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'info', message: 'looking again', observed: { kind: 'missing' } },
      { level: 'error', decision: 'fail', observed: 'missing' },
    ]);
  });

  test('warns of what could not be checked', async () => {
    aws.push('v1', { fixture: FIXTURES.indexOfIndexes });

    expect(await aws.request(event())).toMatchObject({ Status: 'SUCCESS' });
    expect(lastLine()).toMatchObject({ level: 'warn', message: expect.stringContaining('an index within the index') });
  });
});

test('the handler asks for all that its role is granted, and for nothing else', async () => {
  aws.push('v1', { fixture: FIXTURES.dockerImage });
  const { PhysicalResourceId } = await aws.request(event());
  await next(update(PhysicalResourceId, { VersionValue: 'v2' }));

  expect([...new Set(aws.actions)].sort()).toEqual([...REGISTRY_ACTIONS, ...STACK_ACTIONS].sort());
});

async function next(message: unknown) {
  aws.answers.length = 0;
  return aws.request(message);
}

function lastLine() {
  return JSON.parse(aws.lines.at(-1)!);
}
