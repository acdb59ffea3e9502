import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { EcrClient, ImageFailure, Manifest } from '../../../../src/guard/handler/ecr/client';
import { Move, planMoves, Releases, ReleaseTags, releaseTags } from '../../../../src/guard/handler/ecr/release-tags';
import { MOST_IMAGES } from '../../../../src/guard/handler/release-history';

const TAG = 'deployed-api-0123abcd';
const NAMES = releaseTags(TAG);
const ALL = [NAMES.latest, NAMES.previous, ...NAMES.earlier];
/** Uses Node's assert, which is much faster than Jest's. */
const NUM_RUNS = Number(process.env.FAST_CHECK_RUNS ?? 2_000);

type State = ReadonlyMap<string, string>;

test('the number of tags is the number of recorded images plus two', () => {
  expect(ALL.slice(0, 4)).toEqual([TAG, `${TAG}-previous`, `${TAG}-earlier-1`, `${TAG}-earlier-2`]);
  expect(new Set(ALL).size).toBe(MOST_IMAGES + 2);
});

describe('planned moves', () => {
  test.each<[string, Record<string, string>, Releases, Array<[string, string]>]>([
    ['the first release gets the first tag', {}, { latest: 'A', earlier: ['A'] }, [['', 'A']]],
    ['the second release moves the previous tag to the first image', { '': 'A' }, { latest: 'B', previous: 'A', earlier: ['B', 'A'] }, [['-previous', 'A'], ['', 'B']]],
    [
      'the third release keeps all images, so that two updates can fail in a row', { '': 'B', '-previous': 'A' }, { latest: 'C', previous: 'B', earlier: ['C', 'B', 'A'] },
      [['-earlier-1', 'A'], ['-previous', 'B'], ['', 'C']],
    ],
    [
      'a rollback moves the tags back, starting with the tag of the deployed image', { '': 'C', '-previous': 'B', '-earlier-1': 'A' }, { latest: 'B', previous: 'A', earlier: ['B', 'A'] },
      [['', 'B'], ['-previous', 'A']],
    ],
    ['a release whose tags are in place moves nothing', { '': 'B', '-previous': 'A' }, { latest: 'B', previous: 'A', earlier: ['B', 'A'] }, []],
    [
      'a release without a previous one moves the previous tag, if it exists', { '': 'A', '-previous': 'X' }, { latest: 'B', earlier: ['B'] },
      [['-previous', 'B'], ['', 'B']],
    ],
    ['an image that is no longer kept gives up its tag', { '-earlier-1': 'X' }, { latest: 'C', previous: 'B', earlier: ['A'] }, [
      ['-earlier-2', 'A'], ['-previous', 'B'], ['', 'C'],
    ]],
  ])('satisfy this rule: %s', (_, tagged, releases, expected) => {
    const state = new Map(Object.entries(tagged).map(([suffix, digest]) => [TAG + suffix, digest]));

    expect(planMoves(TAG, state, releases)).toEqual(expected.map(([suffix, digest]) => ({ tag: TAG + suffix, digest })));
  });

  test('take an earlier tag from an image that is no longer kept if no other tag is free', () => {
    const state = new Map(NAMES.earlier.map((tag, index) => [tag, `X${index}`]));

    expect(planMoves(TAG, state, { latest: 'B', earlier: ['A', 'X0'] })).toEqual([{ tag: `${TAG}-earlier-2`, digest: 'A' }, { tag: TAG, digest: 'B' }]);
  });

  const digest = fc.constantFrom(...'ABCDEFGHIJKLMNOP');
  const state: fc.Arbitrary<State> = fc.array(fc.option(digest, { nil: undefined }), { minLength: ALL.length, maxLength: ALL.length })
    .map((digests) => new Map(ALL.flatMap((tag, index) => digests[index] === undefined ? [] : [[tag, digests[index]] as const])));
  /** As many images as a history can hold, in any order, plus one that must be spared. Without a previous image there are no earlier ones. */
  const releases: fc.Arbitrary<Releases> = fc.uniqueArray(digest, { minLength: 1, maxLength: MOST_IMAGES + 1, size: 'max' }).chain((images) => fc.record({
    latest: fc.constant(images[0]),
    previous: images.length > 2 ? fc.constant(images[1]) : fc.constantFrom(undefined, images[1]),
    earlier: fc.shuffledSubarray(images),
  }));
  const keptOf = ({ latest, previous, earlier }: Releases) => [...new Set([latest, ...previous ? [previous] : [], ...earlier])];

  test('never leave a kept image without a tag, regardless of the initial tags', () => {
    fc.assert(fc.property(state, releases, (before, wanted) => {
      const states = statesOf(before, planMoves(TAG, before, wanted));
      for (const image of keptOf(wanted)) {
        const isTagged = states.map((tags) => [...tags.values()].includes(image));
        // After an image has a tag, it has one at every later moment.
        assert.ok(!isTagged.slice(isTagged.indexOf(true)).includes(false));
        assert.ok(isTagged.at(-1));
      }
    }), { numRuns: NUM_RUNS });
  });

  test('end with the latest and the previous release under their tags', () => {
    fc.assert(fc.property(state, releases, (before, wanted) => {
      const after = statesOf(before, planMoves(TAG, before, wanted)).at(-1)!;

      assert.equal(after.get(NAMES.latest), wanted.latest);
      if (wanted.previous) assert.equal(after.get(NAMES.previous), wanted.previous);
    }), { numRuns: NUM_RUNS });
  });

  test('include no tag that is in place, and nothing at all in a second run', () => {
    fc.assert(fc.property(state, releases, (before, wanted) => {
      const moves = planMoves(TAG, before, wanted);
      const states = statesOf(before, moves);

      moves.forEach(({ tag, digest: image }, index) => assert.notEqual(states[index].get(tag), image));
      assert.deepEqual(planMoves(TAG, states.at(-1)!, wanted), []);
    }), { numRuns: NUM_RUNS });
  });

  test('include only tags of this guard', () => {
    fc.assert(fc.property(state, releases, (before, wanted) => {
      for (const { tag, digest: image } of planMoves(TAG, before, wanted)) {
        assert.ok(ALL.includes(tag));
        assert.ok(keptOf(wanted).includes(image));
      }
    }), { numRuns: NUM_RUNS });
  });

  test('restore the original latest and previous tags, no matter when a release is rolled back', () => {
    const images = fc.uniqueArray(digest, { minLength: 3, maxLength: MOST_IMAGES });
    fc.assert(fc.property(images, fc.nat(20), ([next, latest, previous, ...others], moment) => {
      const deployed: Releases = { latest, previous, earlier: [latest, previous, ...others] };
      const before = statesOf(new Map(), planMoves(TAG, new Map(), deployed)).at(-1)!;
      const released = statesOf(before, planMoves(TAG, before, { latest: next, previous: latest, earlier: [next, latest, previous, ...others] }));
      const interrupted = released[Math.min(moment, released.length - 1)];
      const back = statesOf(interrupted, planMoves(TAG, interrupted, deployed)).at(-1)!;

      assert.deepEqual([back.get(NAMES.latest), back.get(NAMES.previous)], [latest, previous]);
    }), { numRuns: Math.ceil(NUM_RUNS / 4) });
  });
});

describe('the tags in a registry', () => {
  const [A, B, C] = ['a', 'b', 'c'].map((digit) => `sha256:${digit.repeat(64)}`);
  const KMS_ERROR = new ImageFailure('KmsError', 'key is disabled');

  test('are read in the same call that gets the manifest of an image', async () => {
    const { tags, asked, plan } = registry({ [TAG]: B });

    expect(await tags.manifestOf(A)).toMatchObject({ digest: A });
    expect(asked).toEqual([[A, ...ALL]]);
    expect((await tags.images())[0]).toBe(B);
    expect(await plan({ latest: A, previous: B, earlier: [] })).toEqual([[NAMES.previous, B], [TAG, A]]);
    expect(asked).toEqual([[A, ...ALL], [B, A]]);
  });

  test('are read only once, at the latest when a tag must move', async () => {
    const { asked, plan } = registry({});

    expect(await plan({ latest: A, earlier: [] })).toEqual([[TAG, A]]);
    expect(await plan({ latest: A, earlier: [] })).toEqual([[TAG, A]]);
    expect(asked).toEqual([[A, ...ALL], [A], [A]]);
  });

  test('are read in a separate call if no manifest is requested', async () => {
    const { tags, asked } = registry({ [TAG]: C });

    expect((await tags.images())[0]).toBe(C);
    expect(asked).toEqual([ALL]);
  });

  test('are read again after they were forgotten', async () => {
    const { tags, tagged } = registry({ [TAG]: C });
    await tags.images();
    tagged[TAG] = B;

    expect((await tags.images())[0]).toBe(C);
    tags.forget();
    expect((await tags.images())[0]).toBe(B);
  });

  test('are not taken from an image that another request has released, except in a rollback', async () => {
    const { plan } = registry({ [TAG]: C });
    const releases = { latest: A, previous: B, earlier: [] };

    expect(await plan(releases, true)).toEqual([[`${TAG}-earlier-1`, C], [NAMES.previous, B], [TAG, A]]);
    expect(await plan(releases, false)).toEqual([[NAMES.previous, B], [TAG, A]]);
  });

  test('can be on an image that ECR does not return, and move off it', async () => {
    const { tags, plan } = registry({ [TAG]: KMS_ERROR, [`${TAG}-earlier-1`]: KMS_ERROR });

    expect(await tags.images()).toEqual([]);
    expect(await plan({ latest: A, previous: B, earlier: [C] }, true)).toEqual([[`${TAG}-earlier-2`, C], [NAMES.previous, B], [TAG, A]]);
    expect(await tags.manifestOf(A)).toMatchObject({ digest: A });
  });

  test('remain untouched if ECR does not return an image that must be kept', async () => {
    const { plan } = registry({}, { [B]: KMS_ERROR });

    await expect(plan({ latest: A, previous: B, earlier: [] }, true)).rejects.toBe(KMS_ERROR);
  });

  test('move in a rollback even if ECR does not return one of the images', async () => {
    const { tags, tagged } = registry({ [TAG]: C }, { [C]: KMS_ERROR });
    const [ofEarlier, ofLatest] = await tags.plan({ latest: A, earlier: [C] }, { sparingLatest: false });

    await expect(tags.move(ofEarlier)).rejects.toBe(KMS_ERROR);
    await tags.move(ofLatest);
    expect(tagged).toEqual({ [TAG]: A });
  });

  test('identify the tagged images, with the latest first and without duplicates', async () => {
    const { tags } = registry({ [`${TAG}-earlier-2`]: C, [`${TAG}-earlier-1`]: KMS_ERROR, [NAMES.previous]: A, [TAG]: B, [`${TAG}-earlier-3`]: B });

    expect(await tags.images()).toEqual([B, A, C]);
  });

  test('do not move to an earlier image that is gone', async () => {
    const { plan } = registry({}, { [B]: undefined, [C]: undefined });

    expect(await plan({ latest: A, previous: B, earlier: [C] })).toEqual([[TAG, A]]);
  });

  test('do not move at all if the image to release is gone, except in a rollback', async () => {
    const { plan } = registry({}, { [A]: undefined });
    const releases = { latest: A, previous: B, earlier: [] };

    await expect(plan(releases, true)).rejects.toMatchObject({ code: 'ImageNotFound' });
    expect(await plan(releases, false)).toEqual([[NAMES.previous, B]]);
  });

  test('do not move to an image that already has its tag', async () => {
    const { plan } = registry({ [TAG]: A });

    expect(await plan({ latest: A, earlier: [] }, true)).toEqual([]);
  });

  test('move to the exact manifest that was pushed', async () => {
    const { tags, tagged } = registry({});
    const [move] = await tags.plan({ latest: A, earlier: [] }, { sparingLatest: true });
    await tags.move(move);

    expect(tagged).toEqual({ [TAG]: A });
  });

  function registry(tagged: Record<string, string | ImageFailure>, manifests: Record<string, Manifest | ImageFailure | undefined> = {}) {
    const asked: string[][] = [];
    const manifestOf = (digest: string) => digest in manifests ? manifests[digest] : { digest, text: `manifest of ${digest}`, mediaType: 'x' };
    const ecr = {
      getManifests: async (ids: Array<{ imageTag?: string; imageDigest?: string }>) => {
        asked.push(ids.map(({ imageTag, imageDigest }) => (imageTag ?? imageDigest)!));
        return ids.map(({ imageTag, imageDigest }) => {
          const tag = imageTag === undefined ? imageDigest : tagged[imageTag];
          return typeof tag === 'string' ? manifestOf(tag) : tag;
        });
      },
      putTag: async (tag: string, { digest, text }: Manifest) => {
        expect(text).toBe(`manifest of ${digest}`);
        tagged[tag] = digest;
      },
    };
    const tags = new ReleaseTags(ecr as unknown as EcrClient, TAG);
    const plan = async (releases: Releases, sparingLatest = false) =>
      (await tags.plan(releases, { sparingLatest })).map(({ tag, digest }) => [tag, digest]);
    return { tags, tagged, asked, plan };
  }
});

/** The tags before the first move and after each move. */
function statesOf(before: State, moves: readonly Move[]): State[] {
  const states = [before];
  for (const { tag, digest } of moves) states.push(new Map(states.at(-1)!).set(tag, digest));
  return states;
}
