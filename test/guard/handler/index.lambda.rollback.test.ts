import { FIXTURES } from './fixtures';
import { DENIED, event, NO_IMAGE, SECRETS, SERVER_ERROR, Simulation, THROTTLED, update } from './simulation';
import { expectCleanEnd } from '../../handler/end-of-test';

let aws: Simulation;
beforeEach(() => {
  aws = new Simulation();
  aws.stackStatus = 'CREATE_IN_PROGRESS';
});

afterEach(() => expectCleanEnd(aws, SECRETS));

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

  test('returns the previous answer under the previous and under the new ID, without a call to the registry', async () => {
    expect(idAfter).not.toBe(idBefore);
    for (const id of [idBefore, idAfter]) {
      expect(await next(back(id))).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: idBefore, Data: { ImageDigest: before } });
    }
    expect(aws.actions).toEqual(['cloudformation:DescribeStacks', 'cloudformation:DescribeStacks']);
  });

  test('returns the previous answer even if the image is gone and the registry is down', async () => {
    aws.remove(before);
    aws.outage.registry = SERVER_ERROR;

    expect(await next(back(idAfter))).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: before } });
  });

  test('returns the previous answer for the previous platform, even if the tag has moved to an image for another platform', async () => {
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
    'is recognized only while it is in progress: in %s, a missing image makes the request fail', async (status) => {
      aws.stackStatus = status;

      expect(await next(update(idAfter, { VersionValue: 'v9' }, tuesday))).toMatchObject({ Status: 'FAILED', PhysicalResourceId: idAfter });
    });

  test('is recognized even if CloudFormation refuses the first query', async () => {
    aws.faults.stack.push(THROTTLED, { kind: 'reset' }, THROTTLED);

    expect(await next(back(idAfter))).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: before } });
    expect(aws.lastLine).toMatchObject({ level: 'info', operation: 'rollback' });
  });

  test.each<[string, () => void]>([
    ['exists', () => undefined],
    ['is gone', () => aws.remove(before)],
    ['cannot be looked up', () => { aws.outage.registry = SERVER_ERROR; }],
  ])('that CloudFormation does not confirm returns the recorded answer, with a warning, if the image %s', async (_, arrange) => {
    arrange();
    aws.outage.stack = THROTTLED;

    expect(await next(back(idAfter))).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: before } });
    expect(aws.lastLine).toMatchObject({ level: 'warn', operation: 'unknown', message: expect.stringContaining('cannot determine whether the stack is rolling back') });
  });

  test('that CloudFormation does not confirm returns the recorded absence of an image', async () => {
    const properties = { VersionValue: 'v9', WhenMissing: 'startWithoutTasks', Nonce: '1' };
    const { PhysicalResourceId } = await next(event({}, properties));
    aws.outage.stack = THROTTLED;

    expect(await next(update(PhysicalResourceId, properties))).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: NO_IMAGE, TaskCount2: '0' } });
  });

  test('without a record returns the image that the tag currently names', async () => {
    const today = aws.push('main', { salt: 'today' });

    expect(await next(back(UNKNOWN_ID))).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: today } });
  });

  test('without a record succeeds even if the repository does not exist', async () => {
    aws.repositoryExists = false;

    expect(await next(back(UNKNOWN_ID))).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: NO_IMAGE, TaskCount2: '0' } });
    expect(aws.lastLine).toMatchObject({ level: 'warn', operation: 'rollback' });
  });

  test('without a record gives a failing registry time to recover', async () => {
    aws.faults.registry.push(THROTTLED, SERVER_ERROR, DENIED);
    const today = aws.push('main', { salt: 'today' });

    expect(await next(back(UNKNOWN_ID))).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: today } });
  });

  test('without a record does not wait for an image', async () => {
    const start = aws.clock.now();
    aws.tags.clear();
    await next(update(UNKNOWN_ID, { VersionValue: 'v9', WhenMissing: 'waitFor', WaitSeconds: '600' }));

    expect(aws.answered).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: NO_IMAGE } });
    expect(aws.clock.now() - start).toBeLessThan(1_000);
  });

  test('that begins while an update waits is noticed before the update fails', async () => {
    aws.stackStatus = 'UPDATE_IN_PROGRESS';
    aws.clock.at(30_000, () => { aws.stackStatus = 'UPDATE_ROLLBACK_IN_PROGRESS'; });

    expect(await next(update(UNKNOWN_ID, { VersionValue: 'v9', WhenMissing: 'waitFor', WaitSeconds: '60' })))
      .toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: NO_IMAGE } });
  });

  test('that CloudFormation does not confirm while an update waits returns the recorded answer', async () => {
    aws.push('v9');
    aws.stackStatus = 'UPDATE_IN_PROGRESS';
    const first = (await next(event({}, { VersionValue: 'v9' }))).Data!.ImageDigest;
    const id = aws.answered.PhysicalResourceId;
    aws.remove(first);
    aws.clock.at(30_000, () => { aws.outage.stack = THROTTLED; });

    expect(await next(update(id, { VersionValue: 'v9', WhenMissing: 'waitFor', WaitSeconds: '60' }))).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: first } });
  });

  test('does not affect a Create, which fails without its image', async () => {
    aws.stackStatus = 'ROLLBACK_IN_PROGRESS';

    expect(await next(event({}, { VersionValue: 'v9' }))).toMatchObject({ Status: 'FAILED' });
    expect(aws.actions).not.toContain('cloudformation:DescribeStacks');
  });
});

async function next(message: unknown) {
  aws.answers.length = 0;
  return aws.request(message);
}
