import { Simulation } from './simulation';
import { EcrClient, ImageFailure, Manifest } from '../../../src/guard/handler/ecr/client';
import { Releases, ReleaseTags } from '../../../src/guard/handler/ecr/release-tags';
import { moveReleaseTags } from '../../../src/guard/handler/move-release-tags';
import { AwsError } from '../../../src/handler/runtime/aws-client';
import { deadlines } from '../../../src/handler/runtime/deadlines';
import { Operation, operationOf } from '../../../src/handler/runtime/stack-status';

const TAG = 'deployed-api-0123abcd';
const [A, B, C] = ['a', 'b', 'c'].map((digit) => `sha256:${digit.repeat(64)}`);
const refusal = (code: string) => new AwsError('ecr:PutImage', code, 'the message', 400);

let aws: Simulation;
beforeEach(() => {
  aws = new Simulation();
});

test('the stack status is queried once before the first tag moves, and not between moves', async () => {
  const { trouble, log, tagged } = await move({ tagged: { [TAG]: A }, releases: { latest: B, previous: A, earlier: [B, A] } });

  expect(trouble).toBeUndefined();
  expect(log).toEqual(['read', 'stack', `put ${TAG}-previous`, `put ${TAG}`]);
  expect(tagged).toEqual({ [TAG]: B, [`${TAG}-previous`]: A });
});

test('the stack status is not queried if nothing has to move', async () => {
  const { trouble, log } = await move({ tagged: { [TAG]: A } });

  expect(trouble).toBeUndefined();
  expect(log).toEqual(['read']);
});

describe('no tag moves', () => {
  test.each<['forward' | 'rollback', string]>([
    ['forward', 'UPDATE_ROLLBACK_IN_PROGRESS'],
    ['forward', 'UPDATE_COMPLETE'],
    ['forward', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'],
    ['forward', 'UPDATE_ROLLBACK_COMPLETE'],
    ['forward', 'ROLLBACK_IN_PROGRESS'],
    ['forward', 'DELETE_IN_PROGRESS'],
    ['rollback', 'UPDATE_IN_PROGRESS'],
    ['rollback', 'UPDATE_ROLLBACK_COMPLETE'],
    ['rollback', 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS'],
    ['rollback', 'UPDATE_ROLLBACK_FAILED'],
  ])('in the operation %s if the stack is in %s, whose status is not queried again', async (operation, status) => {
    const { trouble, log, tagged } = await move({ operation, statuses: [status] });

    expect(trouble).toEqual({ kind: 'outOfDate', status });
    expect(log).toEqual(['read', 'stack']);
    expect(tagged).toEqual({});
  });

  test('while CloudFormation does not report the stack status', async () => {
    const { trouble, tagged, seconds } = await move({ statuses: ['unknown: AccessDenied'] });

    expect(trouble).toEqual({ kind: 'unavailable', action: 'cloudformation:DescribeStacks', message: 'unknown: AccessDenied' });
    expect(tagged).toEqual({});
    expect(seconds).toBe(60);
  });

  test('if ECR does not return the image that needs the tag', async () => {
    const { trouble, tagged } = await move({ tagged: { [TAG]: B }, manifests: { [A]: new ImageFailure('KmsError', 'key is disabled') } });

    expect(trouble).toEqual({ kind: 'kms', action: 'ecr:BatchGetImage', message: 'KmsError: key is disabled' });
    expect(tagged).toEqual({ [TAG]: B });
  });
});

test('tags move if CloudFormation reports the stack status at the second attempt', async () => {
  const { trouble, tagged } = await move({ statuses: ['unknown', 'UPDATE_IN_PROGRESS'] });

  expect(trouble).toBeUndefined();
  expect(tagged).toEqual({ [TAG]: A });
});

test('an earlier image that is gone is not kept, and does not prevent a release', async () => {
  const { trouble, tagged } = await move({ releases: { latest: B, previous: A, earlier: [B, A, C] }, manifests: { [A]: undefined, [C]: undefined } });

  expect(trouble).toBeUndefined();
  expect(tagged).toEqual({ [TAG]: B });
});

test('an image that is gone when its release begins is not released, and not requested again', async () => {
  const { trouble, tagged, seconds } = await move({ manifests: { [A]: undefined } });

  expect(trouble).toEqual({ kind: 'gone' });
  expect(seconds).toBe(0);
  expect(tagged).toEqual({});
});

test('an earlier image that ECR does not return does not count as gone', async () => {
  const { trouble } = await move({ releases: { latest: B, previous: A, earlier: [] }, manifests: { [A]: new ImageFailure('KmsError', 'key is disabled') } });

  expect(trouble).toMatchObject({ kind: 'kms' });
});

describe('a refused move', () => {
  test.each([
    ['ThrottlingException', 'throttled', [0, 1.5, 4.5, 10.5, 18, 25.5, 33, 40.5, 48, 55.5, 60]],
    ['ServerException', 'unavailable', [0, 1.5, 4.5, 10.5, 18, 25.5, 33, 40.5, 48, 55.5, 60]],
    ['AccessDeniedException', 'denied', [0, 1.5, 4.5, 10.5, 18, 25.5, 33, 40.5, 48, 55.5, 60]],
    ['LimitExceededException', 'quota', [0]],
    ['ImageTagAlreadyExistsException', 'unexpected', [0]],
    ['KmsException', 'kms', [0]],
  ])('with the error %s, which is %s, is retried for as long as that kind of error allows', async (code, kind, at) => {
    const { trouble, putAt } = await move({ refusals: Array.from({ length: 99 }, () => refusal(code)) });

    expect(trouble).toEqual({ kind, action: 'ecr:PutImage', message: `${code}: the message` });
    expect(putAt).toEqual(at);
  });

  test.each([[100_000, 60], [40_000, 30], [4_000, 3]])('is not retried after the last call that the deadline allows (%d ms: %d s)', async (remainingMs, expected) => {
    const { trouble, seconds } = await move({ refusals: Array.from({ length: 99 }, () => refusal('AccessDeniedException')), remainingMs });

    expect(trouble).toMatchObject({ kind: 'denied' });
    expect(seconds).toBe(expected);
  });

  test('is retried after the tags are read again, and all tags reach their places', async () => {
    const { trouble, tagged, log } = await move({
      tagged: { [TAG]: A },
      releases: { latest: B, previous: A, earlier: [B, A] },
      refusals: [undefined, refusal('ThrottlingException')],
    });

    expect(trouble).toBeUndefined();
    expect(tagged).toEqual({ [TAG]: B, [`${TAG}-previous`]: A });
    expect(log).toEqual(['read', 'stack', `put ${TAG}-previous`, `put ${TAG}`, 'read', 'stack', `put ${TAG}`]);
  });
});

test('an image that is not on record loses its tag in a rollback, but keeps a tag in a new release', async () => {
  const releases = { latest: B, previous: A, earlier: [B, A] };

  expect((await move({ operation: 'rollback', tagged: { [TAG]: C }, releases })).tagged).toEqual({ [TAG]: B, [`${TAG}-previous`]: A });
  expect((await move({ tagged: { [TAG]: C }, releases })).tagged).toEqual({ [TAG]: B, [`${TAG}-previous`]: A, [`${TAG}-earlier-1`]: C });
});

describe('an image that a rollback replaces', () => {
  const circumstances: Circumstances = { operation: 'rollback', tagged: { [TAG]: C, [`${TAG}-previous`]: B }, releases: { latest: B, previous: A, earlier: [B, A, C] } };
  const tags = { [TAG]: B, [`${TAG}-previous`]: A };

  test.each([
    ['LimitExceededException', 'quota'],
    ['KmsException', 'kms'],
    ['ImageTagAlreadyExistsException', 'unexpected'],
  ])('and that cannot be kept because of the error %s does not delay the restored release', async (code, kind) => {
    const { trouble, tagged } = await move({ ...circumstances, refusals: [refusal(code)] });

    expect(trouble).toMatchObject({ kind });
    expect(tagged).toEqual(tags);
  });

  test('and that cannot be kept because ECR does not return it does not delay the restored release', async () => {
    const { trouble, tagged } = await move({ ...circumstances, manifests: { [C]: new ImageFailure('KmsError', 'key is disabled') } });

    expect(trouble).toEqual({ kind: 'kms', action: 'ecr:BatchGetImage', message: 'KmsError: key is disabled' });
    expect(tagged).toEqual(tags);
  });

  test('and that cannot be kept at first because of a temporary error is kept by the next attempt before any other tag moves', async () => {
    const { trouble, tagged, log } = await move({ ...circumstances, refusals: [refusal('ThrottlingException')] });

    expect(trouble).toBeUndefined();
    expect(tagged).toEqual({ ...tags, [`${TAG}-earlier-1`]: C });
    expect(log).toEqual(['read', 'stack', `put ${TAG}-earlier-1`, 'read', 'stack', `put ${TAG}-earlier-1`, `put ${TAG}`, `put ${TAG}-previous`]);
  });

  test('keeps its tags if the restored release cannot get its tag', async () => {
    const { trouble, tagged } = await move({ ...circumstances, refusals: [undefined, refusal('LimitExceededException')] });

    expect(trouble).toMatchObject({ kind: 'quota' });
    expect(tagged).toEqual({ [TAG]: C, [`${TAG}-previous`]: B, [`${TAG}-earlier-1`]: C });
  });
});

interface Circumstances {
  readonly tagged?: Record<string, string | ImageFailure>;
  readonly releases?: Releases;
  readonly operation?: 'forward' | 'rollback';
  /** The statuses that CloudFormation reports, in order. The last one repeats. */
  readonly statuses?: string[];
  readonly manifests?: Record<string, ImageFailure | undefined>;
  /** The errors of the first attempts to put a tag. */
  readonly refusals?: Array<AwsError | undefined>;
  readonly remainingMs?: number;
}

async function move({
  tagged: taggedBefore = {}, releases = { latest: A, earlier: [A] }, operation = 'forward', statuses, manifests = {}, refusals = [], remainingMs = 900_000,
}: Circumstances) {
  const tagged = { ...taggedBefore };
  const start = aws.clock.now();
  const now = () => (aws.clock.now() - start) / 1_000;
  const log: string[] = [];
  const putAt: number[] = [];
  const said = [...statuses ?? [operation === 'rollback' ? 'UPDATE_ROLLBACK_IN_PROGRESS' : 'UPDATE_IN_PROGRESS']];
  const ecr = {
    getManifests: async (ids: Array<{ imageTag?: string; imageDigest?: string }>) => {
      if (ids.some(({ imageTag }) => imageTag === TAG)) log.push('read');
      return ids.map(({ imageTag, imageDigest }) => {
        const digest = imageTag === undefined ? imageDigest : tagged[imageTag];
        if (typeof digest !== 'string') return digest;
        return digest in manifests ? manifests[digest] : { digest, text: '{}', mediaType: undefined };
      });
    },
    putTag: async (tag: string, { digest }: Manifest) => {
      log.push(`put ${tag}`);
      putAt.push(now());
      const met = refusals.shift();
      if (met) throw met;
      tagged[tag] = digest;
    },
  };
  const askOperation = async () => {
    log.push('stack');
    const status = said.length > 1 ? said.shift()! : said[0];
    return { status, operation: status.startsWith('unknown') ? 'unknown' as Operation : operationOf(status) };
  };
  const trouble = await aws.clock.until(moveReleaseTags({
    runtime: aws,
    tags: new ReleaseTags(ecr as unknown as EcrClient, TAG),
    releases,
    operation,
    askOperation,
    times: deadlines(start, remainingMs, 3_600_000),
  }));
  return { trouble, tagged, log, putAt, seconds: now() };
}
