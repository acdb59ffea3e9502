import { DENIED, event, NO_IMAGE, SERVER_ERROR, Simulation, update } from './simulation';
import { EcrClient, ImageFailure, Manifest, troubleOf } from '../../../src/guard/handler/ecr/client';
import { planMoves, ReleaseTags } from '../../../src/guard/handler/ecr/release-tags';
import { moveReleaseTags } from '../../../src/guard/handler/move-release-tags';
import { deadlines } from '../../../src/handler/runtime/deadlines';

const SCANNED = '{"kind":"scanned","failOn":"HIGH","onlyFixable":false,"accepted":[],"waitSeconds":0}';
const [A, B, C] = ['a', 'b', 'c'].map((digit) => `sha256:${digit.repeat(64)}`);
const TAG = 'deployed-api-0123abcd';

let aws: Simulation;
beforeEach(() => {
  aws = new Simulation();
});

const listings = () => aws.calls.filter(({ action, input }) => action === 'ecr:DescribeImages' && !input.imageIds).length;

describe('the other contents of the repository', () => {
  test('are looked up if the request names no image', async () => {
    aws.push('v3');
    const { Reason } = await aws.request(event({}, { VersionKind: 'parameter', VersionValue: '', ParameterName: 'Service:ImageTag' }));

    expect(Reason).toContain('Latest images: v3 (2026-11-24T00:00Z).');
    expect(listings()).toBe(1);
  });

  test('are not looked up if the image exists', async () => {
    aws.push('v1', { status: 'ARCHIVED' });

    expect(await aws.request(event())).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('is archived') });
    expect(listings()).toBe(0);
  });
});

test('a reason says how long the guard has waited', async () => {
  const { Reason } = await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '120' }));

  expect(Reason).toContain('), after waiting 120 s.');
});

describe('the findings of a scan', () => {
  test('are not requested in a rollback, no matter which image it uses', async () => {
    aws.push('v1');
    aws.stackStatus = 'UPDATE_ROLLBACK_IN_PROGRESS';

    expect(await aws.request(update('made-by-something-else', { Requirements: [SCANNED], ServiceTimeout: '900' }))).toMatchObject({ Status: 'SUCCESS' });
    expect(aws.actions).not.toContain('ecr:DescribeImageScanFindings');
  });

  test('are not requested for an image that does not exist', async () => {
    expect(await aws.request(event({}, { Requirements: [SCANNED] }))).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('does not exist') });
    expect(aws.actions).not.toContain('ecr:DescribeImageScanFindings');
  });
});

describe('release tags', () => {
  test('do not move if there is no image', async () => {
    const answer = await aws.request(event({}, { WhenMissing: 'startWithoutTasks', ReleaseTagName: 'api' }));

    expect(answer).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: NO_IMAGE } });
    expect(aws.actions).toEqual(['cloudformation:DescribeStacks', 'ecr:DescribeImages', 'ecr:DescribeImages']);
  });

  test('that cannot be read add nothing to the history of an unknown ID', async () => {
    const v1 = aws.push('v1');
    aws.faults.registry.push(DENIED);

    expect(await aws.request(update('made-by-something-else', { ReleaseTagName: 'api' }))).toMatchObject({
      Status: 'SUCCESS', PhysicalResourceId: expect.stringMatching(new RegExp(`^phased-fargate/Service/ApiGuard1A2B3C4D/[0-9a-f]{16}@${v1.slice(7)}$`)),
    });
  });

  test('that cannot be moved back cause a warning with the reason, and tags that can be moved back cause none', async () => {
    aws.push('v1');
    aws.push('v2');
    const properties = (VersionValue: string) => ({ VersionValue, ReleaseTagName: 'api' });
    const first = await aws.request(event({}, properties('v1')));
    aws.answers.length = 0;
    const second = await aws.request(update(first.PhysicalResourceId, properties('v2'), properties('v1')));
    const goBack = async () => {
      aws.answers.length = aws.lines.length = 0;
      aws.stackStatus = 'UPDATE_ROLLBACK_IN_PROGRESS';
      await aws.request(update(second.PhysicalResourceId, properties('v1'), properties('v2')));
      return aws.lines.map((line) => JSON.parse(line));
    };
    aws.outage.registry = SERVER_ERROR;
    const [warning] = await goBack();
    aws.outage = {};
    const lines = await goBack();

    expect(warning).toMatchObject({ level: 'warn', message: 'the release tags could not be moved back', trouble: { kind: 'unavailable' } });
    expect(lines.map(({ message }) => message)).toEqual(['the deployment may proceed']);
  });

  test.each<['forward' | 'rollback', string, ImageFailure, string[], object | undefined]>([
    ['forward', 'is gone', new ImageFailure('ImageNotFound', 'gone'), [B, C, A], undefined],
    ['rollback', 'is gone', new ImageFailure('ImageNotFound', 'gone'), [B, C, A], undefined],
    ['forward', 'is not returned by ECR', new ImageFailure('KmsError', 'off'), [B], { kind: 'kms' }],
    ['rollback', 'is not returned by ECR', new ImageFailure('KmsError', 'off'), [B, C, A], { kind: 'kms' }],
  ])('move as far as the operation "%s" allows if an earlier image %s', async (operation, _, failure, moved, trouble) => {
    const attempts: string[] = [];
    const tags = {
      plan: async () => [B, C, A].map((digest) => ({ tag: digest, digest, manifest: failure })),
      move: async ({ digest }: { digest: string }) => {
        attempts.push(digest);
        if (digest === B) throw failure;
      },
      forget: () => undefined,
    } as unknown as ReleaseTags;
    const found = await aws.clock.until(moveReleaseTags({
      runtime: aws,
      tags,
      releases: { latest: A, previous: C, earlier: [B] },
      operation,
      askOperation: async () => ({ operation, status: 'SOME_STATUS' }),
      times: deadlines(aws.clock.now(), 900_000, 900_000),
    }));

    expect(attempts).toEqual(moved);
    expect(found).toEqual(trouble === undefined ? undefined : expect.objectContaining(trouble));
  });

  test('can be swapped between two images, because one image first gets a spare tag', () => {
    const state = new Map([[TAG, B], [`${TAG}-previous`, A]]);

    expect(planMoves(TAG, state, { latest: A, previous: B, earlier: [] })).toEqual([
      { tag: `${TAG}-earlier-1`, digest: A }, { tag: `${TAG}-previous`, digest: B }, { tag: TAG, digest: A },
    ]);
  });

  describe('on images that ECR only partly returns', () => {
    const plan = async (manifestOf: (id: { imageTag?: string; imageDigest?: string }) => Manifest | ImageFailure | undefined) => {
      const ecr = { getManifests: async (ids: Array<{ imageTag?: string; imageDigest?: string }>) => ids.map(manifestOf) };
      const tags = new ReleaseTags(ecr as unknown as EcrClient, TAG);
      return tags.plan({ latest: A, previous: B, earlier: [] }, { sparingLatest: true });
    };
    const manifest = (digest: string) => ({ digest, text: '{}', mediaType: undefined });

    test('move away from an unreadable image, which is not kept', async () => {
      const moves = await plan(({ imageTag, imageDigest }) => imageTag === TAG ? new ImageFailure('KmsError', 'off') : imageDigest ? manifest(imageDigest) : undefined);

      expect(moves.map(({ tag, digest }) => [tag, digest])).toEqual([[`${TAG}-previous`, B], [TAG, A]]);
    });

    test('do not move to an image that was deleted meanwhile', async () => {
      const error = await plan(({ imageDigest }) => imageDigest === B ? manifest(B) : undefined).catch((reason) => reason);

      expect(error).toEqual(new ImageFailure('ImageNotFound', 'it was deleted meanwhile'));
      expect(troubleOf(error)).toEqual({ kind: 'gone' });
    });
  });
});
