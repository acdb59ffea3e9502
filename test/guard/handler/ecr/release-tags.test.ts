import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { EcrClient, ImageFailure, Manifest } from '../../../../src/guard/handler/ecr/client';
import { Move, planMoves, Releases, ReleaseTags, releaseTags } from '../../../../src/guard/handler/ecr/release-tags';
import { MOST_IMAGES } from '../../../../src/guard/handler/release-history';
import { AwsError } from '../../../../src/handler/runtime/aws-client';

const TAG = 'deployed-api-0123abcd';
const NAMES = releaseTags(TAG);
const ALL = [NAMES.latest, NAMES.previous, ...NAMES.earlier];
/** Asserted with Node's assert, which is much faster than jest's. */
const NUM_RUNS = 2_000;

type State = ReadonlyMap<string, string>;

test('there is a tag for each image that may be on record, and two more', () => {
  expect(ALL.slice(0, 4)).toEqual([TAG, `${TAG}-previous`, `${TAG}-earlier-1`, `${TAG}-earlier-2`]);
  expect(new Set(ALL).size).toBe(MOST_IMAGES + 2);
});

describe('the moves', () => {
  test.each<[string, Record<string, string>, Releases, Array<[string, string]>]>([
    ['the first release gets the first tag', {}, { latest: 'A', earlier: ['A'] }, [['', 'A']]],
    ['the second one leaves the previous tag to the first', { '': 'A' }, { latest: 'B', previous: 'A', earlier: ['B', 'A'] }, [['-previous', 'A'], ['', 'B']]],
    [
      'the third one keeps all, so that two updates may fail in a row', { '': 'B', '-previous': 'A' }, { latest: 'C', previous: 'B', earlier: ['C', 'B', 'A'] },
      [['-earlier-1', 'A'], ['-previous', 'B'], ['', 'C']],
    ],
    [
      'a rollback moves the tags back, the one of what is deployed first', { '': 'C', '-previous': 'B', '-earlier-1': 'A' }, { latest: 'B', previous: 'A', earlier: ['B', 'A'] },
      [['', 'B'], ['-previous', 'A']],
    ],
    ['a release of what is in its place moves nothing', { '': 'B', '-previous': 'A' }, { latest: 'B', previous: 'A', earlier: ['B', 'A'] }, []],
    ['a release without a previous one leaves the previous tag alone', { '': 'A', '-previous': 'X' }, { latest: 'B', earlier: ['B'] }, [['', 'B']]],
    ['an image that is no longer to be kept gives its tag away', { '-earlier-1': 'X' }, { latest: 'C', previous: 'B', earlier: ['A'] }, [
      ['-earlier-2', 'A'], ['-previous', 'B'], ['', 'C'],
    ]],
  ])('%s', (_, tagged, releases, expected) => {
    const state = new Map(Object.entries(tagged).map(([suffix, digest]) => [TAG + suffix, digest]));

    expect(planMoves(TAG, state, releases)).toEqual(expected.map(([suffix, digest]) => ({ tag: TAG + suffix, digest })));
  });

  test('an earlier tag is taken from an image that is not to be kept once no other is left', () => {
    const state = new Map(NAMES.earlier.map((tag, index) => [tag, `X${index}`]));

    expect(planMoves(TAG, state, { latest: 'B', earlier: ['A', 'X0'] })).toEqual([{ tag: `${TAG}-earlier-2`, digest: 'A' }, { tag: TAG, digest: 'B' }]);
  });

  const digest = fc.constantFrom(...'ABCDEFGHIJKLMNOP');
  const state: fc.Arbitrary<State> = fc.array(fc.option(digest, { nil: undefined }), { minLength: ALL.length, maxLength: ALL.length })
    .map((digests) => new Map(ALL.flatMap((tag, index) => digests[index] === undefined ? [] : [[tag, digests[index]] as const])));
  /** As many as a history can hold, in any order, and one that is spared. Without a previous one there are no earlier ones. */
  const releases: fc.Arbitrary<Releases> = fc.uniqueArray(digest, { minLength: 1, maxLength: MOST_IMAGES + 1, size: 'max' }).chain((images) => fc.record({
    latest: fc.constant(images[0]),
    previous: images.length > 2 ? fc.constant(images[1]) : fc.constantFrom(undefined, images[1]),
    earlier: fc.shuffledSubarray(images),
  }));
  const keptOf = ({ latest, previous, earlier }: Releases) => [...new Set([latest, ...previous ? [previous] : [], ...earlier])];

  test('never leave an image that is to be kept without a tag, in whatever state the tags are', () => {
    fc.assert(fc.property(state, releases, (before, wanted) => {
      const states = statesOf(before, planMoves(TAG, before, wanted));
      for (const image of keptOf(wanted)) {
        const isTagged = states.map((tags) => [...tags.values()].includes(image));
        // Once it has a tag, it has one at each moment after.
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

  test('move nothing that is in its place, and nothing at all the second time', () => {
    fc.assert(fc.property(state, releases, (before, wanted) => {
      const moves = planMoves(TAG, before, wanted);
      const states = statesOf(before, moves);

      moves.forEach(({ tag, digest: image }, index) => assert.notEqual(states[index].get(tag), image));
      assert.deepEqual(planMoves(TAG, states.at(-1)!, wanted), []);
    }), { numRuns: NUM_RUNS });
  });

  test('know no tag but those of this guard', () => {
    fc.assert(fc.property(state, releases, (before, wanted) => {
      for (const { tag, digest: image } of planMoves(TAG, before, wanted)) {
        assert.ok(ALL.includes(tag));
        assert.ok(keptOf(wanted).includes(image));
      }
    }), { numRuns: NUM_RUNS });
  });

  test('of a release that is rolled back at any moment end with the tags of before', () => {
    const images = fc.uniqueArray(digest, { minLength: 3, maxLength: MOST_IMAGES });
    fc.assert(fc.property(images, fc.nat(20), ([next, latest, previous, ...others], moment) => {
      const deployed: Releases = { latest, previous, earlier: [latest, previous, ...others] };
      const before = statesOf(new Map(), planMoves(TAG, new Map(), deployed)).at(-1)!;
      const released = statesOf(before, planMoves(TAG, before, { latest: next, previous: latest, earlier: [next, latest, previous, ...others] }));
      const interrupted = released[Math.min(moment, released.length - 1)];
      const back = statesOf(interrupted, planMoves(TAG, interrupted, deployed)).at(-1)!;

      assert.deepEqual([back.get(NAMES.latest), back.get(NAMES.previous)], [latest, previous]);
    }), { numRuns: 500 });
  });
});

describe('the tags in a registry', () => {
  const [A, B, C] = ['a', 'b', 'c'].map((digit) => `sha256:${digit.repeat(64)}`);
  const BUSY = new AwsError('ecr:BatchGetImage', 'ThrottlingException', 'Rate exceeded', 400);

  test('are read in the call that gets the manifest of an image that has none of them', async () => {
    const { tags, asked } = registry({ [TAG]: B });

    expect(await tags.manifestOf({ imageDigest: A, imageTags: ['v1', `${TAG}-previous`] })).toMatchObject({ digest: A });
    expect(asked).toEqual([[A, ...ALL]]);
    expect(await tags.latest()).toBe(B);
    expect(await tags.plan({ latest: A, previous: B, earlier: [] }, { sparingLatest: true }))
      .toEqual([{ tag: NAMES.previous, digest: B }, { tag: TAG, digest: A }]);
    expect(asked).toHaveLength(1);
  });

  test('are not read for the image that was released last', async () => {
    const { tags, asked } = registry({ [TAG]: A });

    expect(await tags.manifestOf({ imageDigest: A, imageTags: [TAG] })).toMatchObject({ digest: A });
    expect(asked).toEqual([[A]]);
  });

  test('are read when something is to move, if that was not done before', async () => {
    const { tags, asked } = registry({});

    expect(await tags.plan({ latest: A, earlier: [] }, { sparingLatest: false })).toEqual([{ tag: TAG, digest: A }]);
    expect(await tags.plan({ latest: A, earlier: [] }, { sparingLatest: false })).toHaveLength(1);
    expect(asked).toEqual([[A, ...ALL]]);
  });

  test('are read without an image where there is none', async () => {
    const { tags, asked } = registry({ [TAG]: C });

    expect(await tags.latest()).toBe(C);
    expect(asked).toEqual([ALL]);
  });

  test('are read anew once they were forgotten', async () => {
    const { tags, tagged } = registry({ [TAG]: C });
    await tags.latest();
    tagged[TAG] = B;

    expect(await tags.latest()).toBe(C);
    tags.forget();
    expect(await tags.latest()).toBe(B);
  });

  test('are not taken from what another request has released, unless a rollback says so', async () => {
    const { tags } = registry({ [TAG]: C });
    const forward = await tags.plan({ latest: A, previous: B, earlier: [] }, { sparingLatest: true });
    const back = await tags.plan({ latest: A, previous: B, earlier: [] }, { sparingLatest: false });

    expect(forward).toEqual([{ tag: `${TAG}-earlier-1`, digest: C }, { tag: NAMES.previous, digest: B }, { tag: TAG, digest: A }]);
    expect(back).toEqual([{ tag: NAMES.previous, digest: B }, { tag: TAG, digest: A }]);
  });

  test('are not touched where ECR does not say of each where it is', async () => {
    const { tags } = registry({ [`${TAG}-earlier-3`]: new ImageFailure('KmsError', 'key is disabled') });

    await expect(tags.plan({ latest: A, earlier: [] }, { sparingLatest: true })).rejects.toMatchObject({ code: 'KmsError' });
    await expect(tags.latest()).rejects.toMatchObject({ code: 'KmsError' });
    expect(await tags.manifestOf({ imageDigest: A })).toMatchObject({ digest: A });
  });

  test('move to the image as it was pushed', async () => {
    const { tags, tagged } = registry({});

    expect(await tags.move({ tag: TAG, digest: A })).toBeUndefined();
    expect(tagged).toEqual({ [TAG]: A });
  });

  test.each<[string, Manifest | ImageFailure | undefined, object]>([
    ['an image that is gone', undefined, { kind: 'missing' }],
    ['an image that is not handed out', new ImageFailure('KmsError', 'key is disabled'), { kind: 'kms', action: 'ecr:BatchGetImage', message: 'KmsError: key is disabled' }],
  ])('do not move to %s', async (_, manifest, expected) => {
    const { tags, tagged } = registry({}, { [A]: manifest });

    expect(await tags.move({ tag: TAG, digest: A })).toEqual(expected);
    expect(tagged).toEqual({});
  });

  test('that do not move are read anew', async () => {
    const { tags, tagged, ecr } = registry({ [TAG]: C });
    await tags.latest();
    ecr.putTag = async () => { throw BUSY; };

    expect(await tags.move({ tag: TAG, digest: A })).toEqual({ kind: 'throttled', action: 'ecr:BatchGetImage', message: 'ThrottlingException: Rate exceeded' });
    tagged[TAG] = B;
    expect(await tags.latest()).toBe(B);
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
    return { tags: new ReleaseTags(ecr as unknown as EcrClient, TAG), tagged, asked, ecr };
  }
});

/** The tags before the first move and after each. */
function statesOf(before: State, moves: readonly Move[]): State[] {
  const states = [before];
  for (const { tag, digest } of moves) states.push(new Map(states.at(-1)!).set(tag, digest));
  return states;
}
