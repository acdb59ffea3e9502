import { FIXTURES } from './fixtures';
import { DENIED, event, NO_IMAGE, SERVER_ERROR, Simulation, THROTTLED, update } from './simulation';
import { movePins } from '../../../src/guard/handler/ecr/release-tags';
import { AskRegistry, AwsError } from '../../../src/handler/runtime/aws-client';

const PIN_NAME = 'service-api';
const PIN = /^deployed-service-api-[0-9a-f]{8}$/;

let aws: Simulation;
beforeEach(() => {
  aws = new Simulation();
});

const pinned = () => [...aws.tags].find(([tag]) => PIN.test(tag))?.[1];
const previous = () => [...aws.tags].find(([tag]) => /-previous$/.test(tag))?.[1];
const moves = () => aws.actions.filter((action) => action === 'ecr:PutImage').length;
const create = (version: string, more: object = {}) => event({}, { VersionValue: version, ReleaseTagName: PIN_NAME, ...more });
const release = (physicalId: string, version: string, more: object = {}) => update(physicalId, { VersionValue: version, ReleaseTagName: PIN_NAME, ...more });

test('without a name for them, there are no pins', async () => {
  aws.push('v1');
  await aws.request(event());

  expect(moves()).toBe(0);
});

describe('a release', () => {
  test('is marked', async () => {
    const v1 = aws.push('v1');
    await aws.request(create('v1'));

    expect(pinned()).toBe(v1);
    expect(previous()).toBeUndefined();
  });

  test('marks what ran before as what a rollback goes back to', async () => {
    const [v1, v2] = [aws.push('v1'), aws.push('v2')];
    const { PhysicalResourceId } = await aws.request(create('v1'));
    await next().request(release(PhysicalResourceId, 'v2'));

    expect(pinned()).toBe(v2);
    expect(previous()).toBe(v1);
  });

  test('has no moment at which what runs is not marked', async () => {
    const v1 = aws.push('v1');
    aws.push('v2');
    const { PhysicalResourceId } = await aws.request(create('v1'));
    next();
    const unmarked = watch(v1);
    await aws.request(release(PhysicalResourceId, 'v2'));

    expect(unmarked).toEqual([]);
  });

  test('moves nothing that is in its place already', async () => {
    aws.push('v1');
    aws.push('v2');
    const { PhysicalResourceId } = await aws.request(create('v1'));
    await next().request(release(PhysicalResourceId, 'v2'));
    await next().request(release(PhysicalResourceId, 'v2')); // a retried event

    expect(moves()).toBe(0);
  });

  test('of the same image leaves both marks where they are', async () => {
    const [v1, v2] = [aws.push('v1'), aws.push('v2')];
    const first = await aws.request(create('v1'));
    const second = await next().request(release(first.PhysicalResourceId, 'v2'));
    await next().request(release(second.PhysicalResourceId, 'v2', { TaskCounts: ['3'] }));

    expect([pinned(), previous(), moves()]).toEqual([v2, v1, 0]);
  });

  test('goes on although the image that ran before is gone', async () => {
    const [v1, v2] = [aws.push('v1'), aws.push('v2')];
    const { PhysicalResourceId } = await aws.request(create('v1'));
    aws.remove(v1);

    expect(await next().request(release(PhysicalResourceId, 'v2'))).toMatchObject({ Status: 'SUCCESS' });
    expect(pinned()).toBe(v2);
  });

  test('of nothing marks nothing', async () => {
    await aws.request(create('v1', { WhenMissing: 'startWithoutTasks' }));

    expect(moves()).toBe(0);
  });
});

describe('a rollback', () => {
  async function rolledBack(): Promise<{ v1: string; v2: string; goBack: () => ReturnType<Simulation['request']> }> {
    const [v1, v2] = [aws.push('v1'), aws.push('v2')];
    const first = await aws.request(create('v1'));
    const second = await next().request(release(first.PhysicalResourceId, 'v2'));
    next().stackStatus = 'UPDATE_ROLLBACK_IN_PROGRESS';
    return { v1, v2, goBack: () => aws.request(release(second.PhysicalResourceId, 'v1')) };
  }

  test('moves the mark back', async () => {
    const { v1, goBack } = await rolledBack();
    await goBack();

    expect(pinned()).toBe(v1);
  });

  test('moves both marks back, and what it goes back to is never without one', async () => {
    const [v1, v2] = [aws.push('v1'), aws.push('v2')];
    aws.push('v3');
    const first = await aws.request(create('v1'));
    const second = await next().request(release(first.PhysicalResourceId, 'v2'));
    const third = await next().request(release(second.PhysicalResourceId, 'v3'));
    next().stackStatus = 'UPDATE_ROLLBACK_IN_PROGRESS';
    const unmarked = watch(v2);
    const back = await aws.request(release(third.PhysicalResourceId, 'v2'));

    expect([pinned(), previous()]).toEqual([v2, v1]);
    expect(unmarked).toEqual([]);
    expect(back.PhysicalResourceId).toBe(second.PhysicalResourceId);
  });

  test.each([['denied', DENIED], ['an outage', SERVER_ERROR]])('does not fail, nor wait, for %s', async (_, fault) => {
    const { v1, goBack } = await rolledBack();
    aws.outage.registry = fault;
    const start = aws.clock.now();

    expect(await goBack()).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: v1 } });
    expect(aws.clock.now() - start).toBeLessThan(10_000);
    expect(aws.lines.join()).toContain('could not be marked');
  });
});

describe('a mark that cannot be moved', () => {
  test('fails the release, and says what to do', async () => {
    aws.push('v1', { fixture: FIXTURES.buildxIndex });
    aws.faults.registry = [undefined, undefined, undefined, undefined,
      { kind: 'error', status: 400, code: 'ImageTagAlreadyExistsException', message: 'The image tag exists and cannot be overwritten because the repository is immutable.' }];
    const { Status, Reason } = await aws.request(create('v1'));

    expect(Status).toBe('FAILED');
    expect(Reason).toMatch(/exists, but the guard cannot mark it as released by the tag deployed-service-api-[0-9a-f]{8}/);
    expect(Reason).toContain('ecr:PutImage was answered with ImageTagAlreadyExistsException');
    expect(Reason).toContain('set retainReleasedImages to false');
  });

  test('is tried again where ECR is busy', async () => {
    const v1 = aws.push('v1');
    aws.faults.registry = [undefined, undefined, THROTTLED, THROTTLED];

    expect(await aws.request(create('v1'))).toMatchObject({ Status: 'SUCCESS' });
    expect(pinned()).toBe(v1);
  });
});

describe('a registry that hinders it', () => {
  const BUSY = new AwsError('ecr:DescribeImages', 'ThrottlingException', 'Rate exceeded', 400);
  const v1 = `sha256:${'1'.repeat(64)}`;

  /** Moves the mark in a registry that answers so, until some seconds have gone by. */
  async function move(answer: (operation: string, input: any) => object, seconds = 0, released = v1) {
    const start = aws.clock.now();
    const calls: { operation: string; seconds: number }[] = [];
    const ask = async (operation: string, input: object) => {
      calls.push({ operation, seconds: (aws.clock.now() - start) / 1_000 });
      return answer(operation, input);
    };
    const trouble = await aws.clock.until(movePins(aws, ask as AskRegistry, { tag: 'pinned', released, rollingBack: false }, start + seconds * 1_000));
    return { trouble, calls };
  }

  test('is asked after ever longer pauses, and for the last time when the time is over', async () => {
    const { trouble, calls } = await move(() => { throw BUSY; }, 20);

    expect(calls.map(({ seconds }) => seconds)).toEqual([0, 1.5, 4.5, 10.5, 18, 20]);
    expect(trouble).toMatchObject({ kind: 'throttled' });
  });

  test.each([['no mark', {}], ['a mark without an image', { imageDetails: [] }]])('answers with %s: then there is none yet', async (_, described) => {
    const { trouble, calls } = await move((operation) => operation === 'BatchGetImage' ? { images: [{ imageManifest: '{}' }] } : described);

    expect(trouble).toBeUndefined();
    expect(calls.map(({ operation }) => operation)).toEqual(['DescribeImages', 'BatchGetImage', 'PutImage']);
  });

  test.each([['nothing', {}], ['an empty list', { images: [] }]])('answers with %s where the image should be: what is gone cannot be kept', async (_, got) => {
    const { trouble, calls } = await move((operation) => operation === 'BatchGetImage' ? got : {});

    expect(trouble).toBeUndefined();
    expect(calls.map(({ operation }) => operation)).toEqual(['DescribeImages', 'BatchGetImage']);
  });

  test('does not tell whether there is a mark: then it is not moved', async () => {
    const { trouble, calls } = await move((operation) => {
      if (operation === 'DescribeImages') throw new AwsError('ecr:DescribeImages', 'AccessDeniedException', 'no', 400);
      return { images: [{ imageManifest: '{}' }] };
    });

    expect(trouble).toMatchObject({ kind: 'denied' });
    expect(calls.map(({ operation }) => operation)).toEqual(['DescribeImages']);
  });

  test('was asked by somebody else in the same moment: the mark is where it belongs', async () => {
    const { trouble } = await move((operation) => {
      if (operation === 'PutImage') throw new AwsError('ecr:PutImage', 'ImageAlreadyExistsException', 'exists', 400);
      return operation === 'BatchGetImage' ? { images: [{ imageManifest: '{}' }] } : {};
    });

    expect(trouble).toBeUndefined();
  });

  test('refuses the mark for another reason, which is told', async () => {
    const { trouble } = await move((operation) => {
      if (operation === 'PutImage') throw new AwsError('ecr:PutImage', 'ImageTagAlreadyExistsException', 'immutable', 400);
      return operation === 'BatchGetImage' ? { images: [{ imageManifest: '{}' }] } : {};
    });

    expect(trouble).toMatchObject({ message: expect.stringContaining('immutable') });
  });

  test('need not be asked about no image', async () => {
    const { trouble, calls } = await move(() => ({}), 0, NO_IMAGE);

    expect(trouble).toBeUndefined();
    expect(calls).toEqual([]);
  });
});

/** The requests from now on that find an image without a mark. */
function watch(image: string): string[] {
  const unmarked: string[] = [];
  const { send } = aws;
  aws.send = async (request) => {
    if (![...aws.tags].some(([tag, digest]) => tag.startsWith('deployed-') && digest === image)) unmarked.push(request.url);
    return send(request);
  };
  return unmarked;
}

/** The next request meets the same registry, but counts anew. */
function next(): Simulation {
  aws.answers.length = 0;
  aws.calls.length = 0;
  return aws;
}
