import { FIXTURES } from './fixtures';
import { Answered, DENIED, event, Fault, RESPONSE_URL, SERVER_ERROR, Simulation, THROTTLED, update } from './simulation';

const NAME = 'service-api';
const IMPORTED = { PhysicalResourceId: 'imported' } as Answered;
const LATEST = /^deployed-service-api-[0-9a-f]{8}$/;
const OUT_OF_TAGS: Fault = { kind: 'error', status: 400, code: 'LimitExceededException', message: 'The image already has 1000 tags' };
const IMMUTABLE: Fault = {
  kind: 'error', status: 400, code: 'ImageTagAlreadyExistsException', message: 'The image tag exists and cannot be overwritten because the repository is immutable.',
};

let aws: Simulation;
beforeEach(() => {
  aws = new Simulation();
});

const releaseTags = () => [...aws.tags].filter(([tag]) => tag.startsWith('deployed-'));
const latest = () => releaseTags().find(([tag]) => LATEST.test(tag))?.[1];
const previous = () => releaseTags().find(([tag]) => tag.endsWith('-previous'))?.[1];
const moves = () => aws.actions.filter((action) => action === 'ecr:PutImage').length;
const propertiesOf = (version: string, more: object = {}) => ({ VersionValue: version, ReleaseTagName: NAME, ...more });

test('without a name for release tags, no image gets one', async () => {
  aws.push('v1');
  await aws.request(event());

  expect(releaseTags()).toEqual([]);
});

describe('a release', () => {
  test('gets a tag for its image', async () => {
    const v1 = aws.push('v1');
    await create('v1');

    expect(latest()).toBe(v1);
    expect(previous()).toBeUndefined();
  });

  test('moves the previous tag to the image that a rollback would restore', async () => {
    const [v1, v2] = [aws.push('v1'), aws.push('v2')];
    const first = await create('v1');
    await deploy(first, 'v2', 'v1');

    expect([latest(), previous()]).toEqual([v2, v1]);
  });

  test('never leaves the deployed image without a tag', async () => {
    const v1 = aws.push('v1');
    aws.push('v2');
    const first = await create('v1');
    const untagged = watch(v1);
    await deploy(first, 'v2', 'v1');

    expect(untagged).toEqual([]);
  });

  test('moves no tag that is already in place', async () => {
    aws.push('v1');
    aws.push('v2');
    const first = await create('v1');
    await deploy(first, 'v2', 'v1');
    await deploy(first, 'v2', 'v1'); // Lambda delivers the event twice.

    expect(moves()).toBe(0);
  });

  test('of the same image leaves both tags in place', async () => {
    const [v1, v2] = [aws.push('v1'), aws.push('v2')];
    const second = await deploy(await create('v1'), 'v2', 'v1');
    await deploy(second, 'v2', 'v2', { TaskCounts: ['3'] });

    expect([latest(), previous(), moves()]).toEqual([v2, v1, 0]);
  });

  test('of the same image under a moving tag, however often, keeps the previous tag on the image before it', async () => {
    const v1 = aws.push('main', { salt: '1' });
    const moving = (day: number) => ({ VersionKind: 'movingTag', Nonce: `day ${day}` });
    let last = await create('main', moving(0));
    const v2 = aws.push('main', { salt: '2' });
    for (let day = 1; day <= 20; day++) last = await deploy(last, 'main', 'main', moving(day), moving(day - 1));

    expect([latest(), previous()]).toEqual([v2, v1]);
  });

  test('succeeds even if the previous image is gone', async () => {
    const [v1, v2] = [aws.push('v1'), aws.push('v2')];
    const first = await create('v1');
    aws.remove(v1);

    expect(await deploy(first, 'v2', 'v1')).toMatchObject({ Status: 'SUCCESS' });
    expect([latest(), previous()]).toEqual([v2, undefined]);
  });

  test('without an image adds no tag', async () => {
    await create('v1', { WhenMissing: 'startWithoutTasks' });

    expect(releaseTags()).toEqual([]);
  });

  test.each([
    ['an index', FIXTURES.buildxIndex, 6],
    ['a single manifest', FIXTURES.dockerImage, 8],
  ])('that moves both tags makes at most eight calls (%s)', async (_, fixture, calls) => {
    aws.push('v1', { fixture });
    aws.push('v2', { fixture });
    await deploy(await create('v1'), 'v2', 'v1');

    expect(aws.calls.filter(({ request }) => request.method !== 'PUT')).toHaveLength(calls);
    expect(aws.actions.filter((action) => action === 'ecr:BatchGetImage')).toHaveLength(1);
  });
});

describe('a series of failed updates without a rollback', () => {
  test('never leaves the deployed image without a tag', async () => {
    const v1 = aws.push('v1');
    let last = await create('v1');
    const untagged = watch(v1);
    for (let number = 2; number <= 9; number++) {
      aws.push(`v${number}`);
      last = await deploy(last, `v${number}`, `v${number - 1}`);
    }
    expect(untagged).toEqual([]);

    expect(await goBack(last, 'v1', 'v9')).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: v1 } });
    expect(untagged).toEqual([]);
    expect(latest()).toBe(v1);
  });
});

describe('a rollback', () => {
  test('restores both tags and the ID, and the restored image always has a tag', async () => {
    const [v1, v2] = [aws.push('v1'), aws.push('v2')];
    aws.push('v3');
    const second = await deploy(await create('v1'), 'v2', 'v1');
    const third = await deploy(second, 'v3', 'v2');
    const untagged = watch(v2);
    const back = await goBack(third, 'v2', 'v3');

    expect([latest(), previous()]).toEqual([v2, v1]);
    expect(untagged).toEqual([]);
    expect(back.PhysicalResourceId).toBe(second.PhysicalResourceId);
  });

  test('of the releases A, B, and A again restores the tags and the ID', async () => {
    const [v1, v2] = [aws.push('v1'), aws.push('v2')];
    const second = await deploy(await create('v1'), 'v2', 'v1');
    const third = await deploy(second, 'v1', 'v2');
    const back = await goBack(third, 'v2', 'v1');

    expect([latest(), previous()]).toEqual([v2, v1]);
    expect(back.PhysicalResourceId).toBe(second.PhysicalResourceId);
  });

  test('moves the tags even if it is throttled once', async () => {
    const { v1, second } = await released();
    aws.faults.registry = [THROTTLED, undefined, SERVER_ERROR];

    expect(await goBack(second, 'v1', 'v2')).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: v1 } });
    expect(latest()).toBe(v1);
  });

  test.each([['denied', DENIED], ['an outage', SERVER_ERROR], ['a quota', OUT_OF_TAGS]])('does not fail because of %s, and responds in time', async (_, fault) => {
    const { v1, second } = await released();
    aws.outage.registry = fault;
    const start = aws.clock.now();

    expect(await goBack(second, 'v1', 'v2')).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: v1 } });
    expect(aws.clock.now() - start).toBeLessThan(65_000);
    expect(aws.lines.join()).toContain('the release tags could not be moved back');
  });

  test('gives the restored image its tags even if the replaced image can get no further tag', async () => {
    const { v1, v2, second } = await released();
    fullOfTags(v2);

    expect(await goBack(second, 'v1', 'v2')).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: v1 } });
    expect(latest()).toBe(v1);
    expect(aws.lines.join()).toContain('the release tags could not be moved back');
  });
});

describe('a late request', () => {
  test.each(['UPDATE_COMPLETE', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'UPDATE_ROLLBACK_COMPLETE', 'DELETE_IN_PROGRESS'])('in %s moves no tag and fails', async (status) => {
    const [v1] = [aws.push('v1'), aws.push('v2')];
    const first = await create('v1');
    const before = releaseTags();
    aws.stackStatus = status;
    const late = await next(update(first.PhysicalResourceId, propertiesOf('v2'), propertiesOf('v1')));

    expect(late).toMatchObject({ Status: 'FAILED', PhysicalResourceId: first.PhysicalResourceId });
    expect(late.Reason).toMatch(new RegExp(`^The stack is in ${status}, so this request is out of date`));
    expect(releaseTags()).toEqual(before);
    expect(latest()).toBe(v1);
  });

  test('of the type Create also fails once the stack is rolling back', async () => {
    aws.push('v1');
    aws.stackStatus = 'ROLLBACK_IN_PROGRESS';

    expect(await next(event({}, propertiesOf('v1')))).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('ROLLBACK_IN_PROGRESS') });
    expect(releaseTags()).toEqual([]);
  });

  test('that found no operation in progress moves no tag, even if the next update begins before it would move one', async () => {
    const v1 = aws.push('v1');
    const first = await create('v1');
    aws.clock.at(30_000, () => { aws.push('v2'); });
    aws.clock.at(29_000, () => { aws.stackStatus = 'UPDATE_IN_PROGRESS'; });
    aws.stackStatus = 'UPDATE_ROLLBACK_COMPLETE';
    const wait = { WhenMissing: 'waitFor', WaitSeconds: '60' };
    const late = await next(update(first.PhysicalResourceId, propertiesOf('v2', wait), propertiesOf('v1')));

    expect(late.Reason).toMatch(/^The stack is in UPDATE_ROLLBACK_COMPLETE, so this request is out of date/);
    expect(releaseTags().map(([, digest]) => digest)).toEqual([v1]);
  });

  test('that was canceled while it waited moves no tag', async () => {
    const v1 = aws.push('v1');
    const first = await create('v1');
    aws.clock.at(30_000, () => { aws.push('v2'); });
    aws.clock.at(29_000, () => { aws.stackStatus = 'UPDATE_ROLLBACK_IN_PROGRESS'; });
    await deploy(first, 'v2', 'v1', { WhenMissing: 'waitFor', WaitSeconds: '60' });

    expect(releaseTags().map(([, digest]) => digest)).toEqual([v1]);
  });

  test('during the next update leaves a tag on the image that this update released', async () => {
    const [, v2, v3] = [aws.push('v1'), aws.push('v2'), aws.push('v3')];
    const first = await create('v1');
    const second = await deploy(first, 'v2', 'v1');
    await deploy(second, 'v3', 'v2');
    await next(update(first.PhysicalResourceId, propertiesOf('v2'), propertiesOf('v1')));

    expect(releaseTags().map(([, digest]) => digest)).toEqual(expect.arrayContaining([v2, v3]));
  });

  test('during a rollback leaves all tags where the rollback moved them', async () => {
    const [v0, v1] = [aws.push('v0'), aws.push('v1')];
    aws.push('v2');
    const before = await deploy(await create('v0'), 'v1', 'v0');
    await goBack(await deploy(before, 'v2', 'v1'), 'v1', 'v2');
    const tags = releaseTags();
    await next(update(before.PhysicalResourceId, propertiesOf('v2'), propertiesOf('v1')));

    expect(releaseTags()).toEqual(tags);
    expect([latest(), previous()]).toEqual([v1, v0]);
  });

  test('that looks like a rollback to an earlier release leaves a tag on the deployed image', async () => {
    aws.push('v0');
    const v1 = aws.push('v1');
    const before = await deploy(await create('v0'), 'v1', 'v0');
    await goBack(await deploy(before, 'v0', 'v1'), 'v1', 'v0');
    const untagged = watch(v1);
    await next(update(before.PhysicalResourceId, propertiesOf('v0'), propertiesOf('v1')));

    expect(untagged).toEqual([]);
  });

  test('fails and moves no tag if CloudFormation does not report the stack status', async () => {
    const { v1, v2, second } = await released();
    const v3 = aws.push('v3');
    aws.outage.stack = THROTTLED;
    const { Status, Reason } = await next(update(second.PhysicalResourceId, propertiesOf('v3'), propertiesOf('v2')));

    expect(Status).toBe('FAILED');
    expect(Reason).toContain('because it cannot determine whether the stack is still being deployed');
    expect(releaseTags().map(([, digest]) => digest)).not.toContain(v3);
    expect([latest(), previous()]).toEqual([v2, v1]);
  });
});

test('a recorded answer that is used because CloudFormation does not respond moves no tag', async () => {
  const { v1, v2, second } = await released();
  aws.outage.stack = THROTTLED;

  expect(await next(update(second.PhysicalResourceId, propertiesOf('v1'), propertiesOf('v2')))).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: v1 } });
  expect([latest(), previous()]).toEqual([v2, v1]);
});

describe('an unknown ID', () => {
  test('leaves a tag on the image that the registry marks as deployed', async () => {
    const [v1, v2] = [aws.push('v1'), aws.push('v2')];
    await create('v1');
    const untagged = watch(v1);
    const { PhysicalResourceId } = await next(update('imported', propertiesOf('v2')));

    expect([latest(), previous()]).toEqual([v2, v1]);
    expect(untagged).toEqual([]);
    expect(PhysicalResourceId).toContain(v1.slice('sha256:'.length));
  });

  test('leaves a tag on the running image, however often Lambda delivers the request', async () => {
    const [v1, v2] = [aws.push('v1'), aws.push('v2')];
    await create('v1');
    const untagged = watch(v1);
    for (let delivery = 1; delivery <= 3; delivery++) await deploy(IMPORTED, 'v2', 'v1');

    expect([latest(), previous()]).toEqual([v2, v1]);
    expect(untagged).toEqual([]);
  });

  test('leaves a tag on the running image, however many updates fail in a row without an answer', async () => {
    const v1 = aws.push('v1');
    await create('v1');
    const untagged = watch(v1);
    for (let number = 2; number <= 9; number++) {
      aws.push(`v${number}`);
      await deploy(IMPORTED, `v${number}`, 'v1');
    }

    expect(untagged).toEqual([]);
  });

  test('does not make later rollbacks remove tags from images that were released before the deployed one', async () => {
    const { v1, v2, second } = await released();
    const back = await goBack(IMPORTED, 'v2', 'v3');
    aws.push('v3');
    await goBack(await deploy(back, 'v3', 'v2'), 'v2', 'v3');

    expect(second.Data).toMatchObject({ ImageDigest: v2 });
    expect([latest(), previous()]).toEqual([v2, v1]);
  });

  test('prevents a start without tasks, because tasks may be running', async () => {
    const answer = await next(update('imported', propertiesOf('v2', { WhenMissing: 'startWithoutTasks', Nonce: '1' })));

    expect(answer).toMatchObject({ Status: 'FAILED', PhysicalResourceId: 'imported' });
    expect(answer.Reason).toContain('does not exist');
  });

  test('causes no error if the release tags cannot be read and none are requested', async () => {
    const v2 = aws.push('v2');

    expect(await next(update('imported', { VersionValue: 'v2' }))).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: v2 } });
  });
});

describe('a release tag that cannot be moved', () => {
  /** The fault of each PutImage call. */
  const outage = (fault: Fault) => {
    const { send } = aws;
    aws.send = async (request) => {
      if (request.headers['x-amz-target']?.endsWith('PutImage')) aws.faults.registry = [fault];
      return send(request);
    };
  };

  test.each<[string, Fault, RegExp, number]>([
    ['because it is immutable', IMMUTABLE, /ecr:PutImage failed: ImageTagAlreadyExistsException.*mutability exclusions.*set retainReleasedImages to false/, 1],
    ['because of a quota', OUT_OF_TAGS, /ECR allows 1,000 tags per image: delete release tags .*aws ecr batch-delete-image --region eu-west-1/, 1],
    ['because of a missing permission', DENIED, /grant the guard's function ecr:PutImage/, 65],
    ['because of throttling', THROTTLED, /Wait a few minutes\. Then/, 65],
    ['because of an outage', SERVER_ERROR, /Wait a few minutes\. Then/, 65],
  ])('%s fails the release with a remedy, long before CloudFormation gives up', async (_, fault, expected, seconds) => {
    aws.push('v1');
    outage(fault);
    const start = aws.clock.now();
    const { Status, Reason } = await create('v1');

    expect(Status).toBe('FAILED');
    expect(Reason).toMatch(/^Image \S+:v1 exists, but the guard cannot add the release tag deployed-service-api-[0-9a-f]{8} \(account 111122223333, region eu-west-1\): ecr:PutImage/);
    expect(Reason).toMatch(expected);
    expect(Reason).toMatch(/Then: cdk deploy Service$/);
    expect((aws.clock.now() - start) / 1_000).toBeLessThanOrEqual(seconds);
  });

  test('fails the release before CloudFormation gives up, even after a wait that used up its time', async () => {
    aws.clock.at(118_000, () => aws.push('v1'));
    outage(DENIED);
    const start = aws.clock.now();
    const { Status, Reason } = await create('v1', { WhenMissing: 'waitFor', WaitSeconds: '120', ServiceTimeout: '150' });

    expect(Status).toBe('FAILED');
    expect(Reason).toContain('ecr:PutImage failed: AccessDeniedException');
    expect(aws.clock.now() - start).toBeLessThan(150_000);
  });

  test('is retried while ECR is busy', async () => {
    const v1 = aws.push('v1');
    aws.faults.registry = [undefined, undefined, THROTTLED, THROTTLED];

    expect(await create('v1')).toMatchObject({ Status: 'SUCCESS' });
    expect(latest()).toBe(v1);
  });

  test('because the image has disappeared fails the release', async () => {
    const v1 = aws.push('v1', { fixture: FIXTURES.dockerImage });
    const { send } = aws;
    aws.send = async (request) => {
      const response = await send(request);
      if (request.method === 'GET') aws.remove(v1);
      return response;
    };
    const { Status, Reason } = await create('v1');

    expect(Status).toBe('FAILED');
    expect(Reason).toContain('app:v1 does not exist');
  });
});

async function create(version: string, more: object = {}): Promise<Answered> {
  aws.stackStatus = 'CREATE_IN_PROGRESS';
  return next(event({}, propertiesOf(version, more)));
}

async function deploy(
  { PhysicalResourceId }: Answered, version: string, replaced: string, more: object = {}, moreReplaced: object = {},
): Promise<Answered> {
  aws.stackStatus = 'UPDATE_IN_PROGRESS';
  return next(update(PhysicalResourceId, propertiesOf(version, more), propertiesOf(replaced, moreReplaced)));
}

async function goBack({ PhysicalResourceId }: Answered, version: string, replaced: string): Promise<Answered> {
  aws.stackStatus = 'UPDATE_ROLLBACK_IN_PROGRESS';
  return next(update(PhysicalResourceId, propertiesOf(version), propertiesOf(replaced)));
}

/** Deploys v1, then v2. */
async function released(): Promise<{ v1: string; v2: string; second: Answered }> {
  const [v1, v2] = [aws.push('v1'), aws.push('v2')];
  return { v1, v2, second: await deploy(await create('v1'), 'v2', 'v1') };
}

/** From now on, ECR refuses further tags for this image. */
function fullOfTags(image: string): void {
  const { send } = aws;
  aws.send = async (request) => {
    if (request.headers['x-amz-target']?.endsWith('PutImage') && request.body?.includes(`"imageDigest":"${image}"`)) aws.faults.registry = [OUT_OF_TAGS];
    return send(request);
  };
}

/** Collects the requests after which the image has no release tag. */
function watch(image: string): string[] {
  const untagged: string[] = [];
  const { send } = aws;
  aws.send = async (request) => {
    const response = await send(request);
    if (!releaseTags().some(([, digest]) => digest === image)) untagged.push(request.url === RESPONSE_URL ? 'answer' : request.url);
    return response;
  };
  return untagged;
}

/** Sends the next request to the same registry, with new lists of answers and calls. */
async function next(message: unknown): Promise<Answered> {
  aws.answers.length = 0;
  aws.calls.length = 0;
  return aws.request(message);
}
