import * as fc from 'fast-check';
import { event, update } from './simulation';
import { NO_IMAGE } from '../../../src/guard/contract';
import { MOST_IMAGES, ReleaseHistory } from '../../../src/guard/handler/release-history';
import { parse, Question } from '../../../src/guard/handler/request';
import { LARGEST_ID } from '../../../src/handler/physical-id';
import { openRequest } from '../../../src/handler/request';

const image = (number: number) => `sha256:${number.toString(16).padStart(64, '1')}`;
const [ONE, TWO, THREE] = [1, 2, 3].map(image);
const PREFIX = 'phased-fargate/Service/ApiGuard1A2B3C4D';

test('the ID is readable and shows the release', () => {
  const first = answer('', ask('v1'), ONE);
  const second = answer(first, ask('v2'), TWO);

  expect(first).toMatch(new RegExp(`^${PREFIX}/[0-9a-f]{16}@1{64}$`));
  expect(second).toBe(`${PREFIX}/${second.split('/')[3]}/${first.split('/')[3]}`);
});

test('a history lists the recorded images without duplicates, with the latest first', () => {
  const id = answer(answer(answer('', ask('v1'), ONE), ask('v2'), TWO), ask('v3'), ONE);

  expect(historyOf(id).images).toEqual([ONE, TWO]);
  expect(historyOf(id).deployed).toBe(ONE);
  expect(historyOf(id).mayRun).toBe(true);
});

test('after a rollback, the ID has its previous value', () => {
  const first = answer('', ask('v1'), ONE);
  const second = answer(first, ask('v2'), TWO);
  const third = answer(second, ask('v3'), THREE);

  expect(back(third, ask('v2'))).toMatchObject({ id: second, answer: TWO });
  expect(back(second, ask('v2'))).toMatchObject({ id: second, answer: TWO });
  expect(back(third, ask('v1'))).toMatchObject({ id: first, answer: ONE });
});

test('after a rollback, the ID has its previous value even if the image of the release returned later', () => {
  const first = answer('', ask('v1'), ONE);
  const second = answer(first, ask('v2'), TWO);
  const third = answer(second, ask('v3'), ONE);

  expect(back(third, ask('v2'))).toMatchObject({ id: second, answer: TWO });
});

test('after a rollback of several updates that failed in a row, the ID has its value from before the first of them', () => {
  const good = answer(answer('', ask('v1'), ONE), ask('v2'), TWO);
  const failed = [3, 4, 5, 6].reduce((id, number) => answer(id, ask(`v${number}`), image(number)), good);

  expect(back(failed, ask('v2'))).toMatchObject({ id: good, answer: TWO });
});

test('a rollback to a release that is not on record finds no answer', () => {
  const id = answer(answer('', ask('v2'), TWO), ask('v3'), THREE);

  expect(back(id, ask('v1'))).toBeUndefined();
  expect(back('', ask('v1'))).toBeUndefined();
});

test('a rollback also finds an image that the ID records without its key', () => {
  const supposed = historyOf('an imported id').supposing([ONE]).after(ask('v2'), TWO).physicalId;

  expect(back(supposed, ask('v1'))?.answer).toBe(ONE);
});

test('the ID changes if and only if the question or the answer changes', () => {
  const id = answer('', ask('v1'), ONE);

  expect(answer(id, ask('v1'), ONE)).toBe(id);
  expect(answer(id, ask('v1'), TWO)).not.toBe(id);
  expect(answer(id, ask('v2'), ONE)).not.toBe(id);
});

test('the answer to a question is also on record for another request with the same question', () => {
  const id = answer(answer('', ask('v0'), TWO), ask('v1'), ONE);
  const asked = answer(id, ask('v1', { TaskCounts: ['7'] }), ONE);

  expect(historyOf(asked).images).toEqual([ONE, TWO]);
  expect(historyOf(asked).answeredTo(ask('v1', { TaskCounts: ['7'] }))).toBe(ONE);
  expect(back(asked, ask('v1'))).toMatchObject({ id, answer: ONE });
});

test('a rollback finds the previous answer under the previous and under the new ID', () => {
  const before = answer('', ask('v1'), ONE);
  const after = answer(before, ask('v2'), TWO);

  for (const id of [before, after, answer(after, ask('v1'), ONE)]) expect(back(id, ask('v1'))?.answer).toBe(ONE);
});

test('a rollback ignores a later release with the same question', () => {
  const first = answer('', ask('v1', { TaskCounts: ['1'] }), ONE);
  const failed = answer(answer(first, ask('v2'), TWO), ask('v1', { TaskCounts: ['2'] }), THREE);

  expect(back(failed, ask('v1', { TaskCounts: ['1'] }))).toMatchObject({ id: first, answer: ONE });
});

test('a rollback finds the previous answer after a failed request with the same question, and after another failed request', () => {
  const deployed = answer('', ask('v1', { TaskCounts: ['1'] }), ONE);
  const failed = answer(deployed, ask('v1', { TaskCounts: ['2'] }), ONE);
  const failedAgain = answer(failed, ask('v2'), TWO);

  expect(back(failed, ask('v1', { TaskCounts: ['1'] }))).toMatchObject({ id: deployed, answer: ONE });
  expect(back(failedAgain, ask('v1', { TaskCounts: ['1'] }))).toMatchObject({ id: deployed, answer: ONE });
  expect(historyOf(failedAgain).answeredTo(ask('v1', { TaskCounts: ['1'] }))).toBe(ONE);
});

test('a rollback is certain only if the same request was answered before', () => {
  const id = answer(answer('', ask('v1', { TaskCounts: ['1'] }), ONE), ask('v2'), TWO);
  const supposed = historyOf('an imported id').supposing([ONE]).after(ask('v2'), TWO).physicalId;

  expect(back(id, ask('v1', { TaskCounts: ['1'] }))).toMatchObject({ answer: ONE, isCertain: true });
  expect(back(id, ask('v1', { TaskCounts: ['2'] }))).toMatchObject({ answer: ONE, isCertain: false });
  expect(back(supposed, ask('v1'))).toMatchObject({ answer: ONE, isCertain: false });
});

test('two releases of the same image are separate releases', () => {
  const first = answer('', ask('v1'), ONE);
  const second = answer(first, ask('v2'), ONE);

  expect(back(second, ask('v1'))).toMatchObject({ id: first, answer: ONE });
  expect(historyOf(second).answerTo(ask('v2'))).toBe(ONE);
});

test('the absence of an image is also on record', () => {
  const without = answer('', ask('v1'), NO_IMAGE);
  const within = answer(without, ask('v2'), ONE);

  expect(without).toMatch(/@none$/);
  expect(historyOf(without)).toMatchObject({ images: [], deployed: undefined, mayRun: false });
  expect(historyOf(without).answerTo(ask('v1'))).toBeUndefined();
  expect(historyOf(without).answeredTo(ask('v1'))).toBe(NO_IMAGE);
  expect(back(within, ask('v1'))).toMatchObject({ id: without, answer: NO_IMAGE });
});

describe('the key of a question', () => {
  const id = answer('', ask('v1'), ONE);

  test.each<[string, Question]>([
    ['another tag', ask('v2')],
    ['another kind of version', ask('v1', { VersionKind: 'parameter' })],
    ['another repository', ask('v1', { RepositoryUri: '999988887777.dkr.ecr.eu-west-1.amazonaws.com/app' })],
    ['the same repository by another name', ask('v1', { RepositoryName: 'other' })],
    ['another registry', ask('v1', { RegistryId: '999988887777' })],
    ['another region', ask('v1', { RegistryRegion: 'us-east-1' })],
    ['another platform', ask('v1', { Platforms: ['LINUX/ARM64'] })],
    ['one more platform', ask('v1', { Platforms: ['LINUX/X86_64', 'LINUX/ARM64'] })],
    ['a single manifest', ask('v1', { SingleManifest: 'true' })],
  ])('is different with %s', (_, question) => {
    expect(historyOf(id).answerTo(question)).toBeUndefined();
    expect(historyOf(id).answeredTo(question)).toBeUndefined();
  });

  test.each<[string, object]>([
    ['the wait', { WhenMissing: 'waitFor', WaitSeconds: '60' }],
    ['the number of tasks', { TaskCounts: ['9'] }],
    ['the nonce of a tag that does not move', { Nonce: 'later' }],
    ['the release tag', { ReleaseTagName: 'api' }],
    ['the suggested commands', { ServiceStack: 'Other', RegistryStack: undefined, ParameterName: 'x' }],
    ['the timeout', { ServiceTimeout: '999' }],
    ['a property of a later version', { Later: 'x' }],
  ])('does not depend on %s', (_, properties) => {
    expect(historyOf(id).answerTo(ask('v1', properties))).toBe(ONE);
    expect(historyOf(id).answeredTo(ask('v1', properties))).toBe(ONE);
  });
});

test('after two releases of one tag for different platforms, a rollback finds the first image', () => {
  const before = answer('', ask('v1', { Platforms: ['LINUX/X86_64'] }), ONE);
  const after = answer(before, ask('v1', { Platforms: ['LINUX/ARM64'] }), TWO);

  expect(back(after, ask('v1', { Platforms: ['LINUX/X86_64'] }))).toMatchObject({ id: before, answer: ONE });
});

test('each synthesis with a moving tag is a separate release', () => {
  const monday = ask('main', { VersionKind: 'movingTag', Nonce: 'monday' });
  const tuesday = ask('main', { VersionKind: 'movingTag', Nonce: 'tuesday' });
  const id = answer(answer('', monday, ONE), tuesday, TWO);

  expect(historyOf(id).answerTo(tuesday)).toBe(TWO);
  expect(back(id, monday)?.answer).toBe(ONE);
  expect(historyOf(id).answerTo(ask('main', { VersionKind: 'movingTag', Nonce: 'wednesday' }))).toBeUndefined();
});

test('a tag and a nonce are separated in the key', () => {
  const [one, other] = [['ab', 'c'], ['a', 'bc']].map(([tag, Nonce]) => ask(tag, { VersionKind: 'movingTag', Nonce }));

  expect(historyOf(answer('', one, ONE)).answerTo(other)).toBeUndefined();
});

describe('if a service starts without tasks,', () => {
  const attemptOf = (number: number) => ({ WhenMissing: 'startWithoutTasks', Nonce: `attempt ${number}` });
  const attempt = (number: number) => ask('v1', attemptOf(number));
  const without = answer('', attempt(1), NO_IMAGE);
  const within = answer(without, attempt(2), ONE);

  test('the next attempt keeps the image', () => {
    expect(historyOf(within).answerTo(attempt(3))).toBe(ONE);
    expect(historyOf(answer(within, attempt(3), ONE)).images).toEqual([ONE]);
  });

  test('a rollback of the attempt that found the image restores the absence of an image', () => {
    expect(back(within, attempt(1))).toMatchObject({ id: without, answer: NO_IMAGE });
  });

  test('a rollback of a later attempt keeps the image', () => {
    expect(back(within, attempt(2))).toMatchObject({ id: within, answer: ONE });
    expect(back(answer(within, attempt(3), ONE), attempt(2))).toMatchObject({ id: within, answer: ONE });
  });

  test('a rollback to a later attempt without an image restores the absence of an image', () => {
    const stillWithout = answer(without, attempt(2), NO_IMAGE);

    expect(back(answer(stillWithout, attempt(3), ONE), attempt(2))).toMatchObject({ id: stillWithout, answer: NO_IMAGE });
  });
});

/** The IDs have the format of contract 2. */
describe('an ID of contract 2', () => {
  const OLD_V1 = '1428044d71f71974';
  const OLD_MAIN = '3c42ecfde087703a';
  const old = (tag: string, properties: object = {}) => ask(tag, { ContractVersion: '2', ...properties });
  const digits = (digest: string) => digest.slice('sha256:'.length);

  test('has the recorded answer to old and new requests', () => {
    const history = historyOf(`${PREFIX}/${OLD_V1}@${digits(ONE)}`);

    expect(history.isUnknown).toBe(false);
    for (const question of [old('v1'), ask('v1'), ask('v1', { Platforms: ['LINUX/ARM64'] })]) expect(history.answerTo(question)).toBe(ONE);
    expect(history.answerTo(ask('v2'))).toBeUndefined();
  });

  test.each<object>([{ Platforms: ['LINUX/ARM64'] }, { Platforms: [] }, { SingleManifest: 'true' }, { Requirements: ['{"kind":"signed","profileArn":"arn","waitSeconds":0}'] }])(
    'has no answer to an update that adds the requirement %j, but has one to its rollback', (needs) => {
      const history = historyOf(`${PREFIX}/${OLD_V1}@${digits(ONE)}`);
      const changed = parse(openRequest(update('', { VersionValue: 'v1', ...needs }, { VersionValue: 'v1' })));
      const restored = parse(openRequest(update('', { VersionValue: 'v1' }, { VersionValue: 'v1', ...needs })));

      expect(history.answerTo(changed)).toBeUndefined();
      expect(history.backTo(restored)?.digest).toBe(ONE);
    });

  test('has the answer for a moving tag', () => {
    const history = historyOf(`${PREFIX}/${OLD_MAIN}@${digits(ONE)}`);

    expect(history.answerTo(old('main', { VersionKind: 'movingTag', Nonce: 'monday' }))).toBe(ONE);
    expect(history.answerTo(old('main', { VersionKind: 'movingTag', Nonce: 'tuesday' }))).toBeUndefined();
  });

  test('is restored by a rollback of the upgrade', () => {
    const before = `${PREFIX}/${OLD_V1}@${digits(ONE)}`;
    const upgraded = answer(before, ask('v1', { Platforms: ['LINUX/ARM64'] }), TWO);

    expect(back(upgraded, old('v1'))?.answer).toBe(ONE);
  });

  test('distinguishes attempts without an image by their nonces', () => {
    const within = `${PREFIX}/${OLD_V1}@${digits(ONE)}/${OLD_V1}@none-b16dffff`;
    const attempt = (number: number) => old('v1', { WhenMissing: 'startWithoutTasks', Nonce: `attempt ${number}` });

    expect(back(within, attempt(1))?.answer).toBe(NO_IMAGE);
    expect(back(within, attempt(2))?.answer).toBe(ONE);
    expect(back(`${PREFIX}/${OLD_V1}@${digits(ONE)}/${OLD_V1}@none`, old('v1'))?.answer).toBe(NO_IMAGE);
  });
});

describe('an ID without a history', () => {
  test.each([
    '',
    'Service-ApiGuard-1A2B3C4D',
    'phased-fargate/Service',
    `${PREFIX}/0123456789abcdef@`,
    `${PREFIX}/0123456789abcdef@${'g'.repeat(64)}`,
    `${PREFIX}/0123456789abcdef@${'a'.repeat(63)}`,
    `${PREFIX}/0123456789abcdef@none-12`,
    `${PREFIX}/0123456789abcdef@${'a'.repeat(64)}/rest`,
    `x/${PREFIX}/0123456789abcdef@${'a'.repeat(64)}`,
    `${PREFIX}/0123456789abcdef@${'a'.repeat(64)}\n`,
    `phased-fargate/4/Service/ApiGuard/0123456789abcdef@${'a'.repeat(64)}`,
  ])('that arrives in an Update (%j) leaves open which image is running', (physicalId) => {
    const history = historyOf(physicalId);

    expect(history.backTo(ask('v1'))).toBeUndefined();
    expect(history).toMatchObject({ isUnknown: true, mayRun: true, images: [], deployed: undefined, physicalId: PREFIX });
    expect(history.after(ask('v1'), ONE).deployed).toBe(ONE);
  });

  test('gets the deployed images from the registry, if the registry knows them', () => {
    const history = historyOf('an imported id');

    expect(history.supposing([])).toBe(history);
    expect(history.supposing([ONE])).toMatchObject({ isUnknown: false, mayRun: true, images: [ONE], deployed: ONE });
    expect(history.supposing([ONE]).answerTo(ask('v1'))).toBeUndefined();
    expect(history.supposing([ONE]).after(ask('v2'), TWO).images).toEqual([TWO, ONE]);
    expect(history.supposing([ONE, TWO])).toMatchObject({ images: [ONE, TWO], deployed: ONE });
    expect(back(history.supposing([ONE, TWO]).physicalId, ask('v1'))?.answer).toBe(ONE);
  });

  test('is the only kind of ID that the registry can complete', () => {
    const history = historyOf(answer('', ask('v1'), ONE));

    expect(history.supposing([TWO])).toBe(history);
  });

  test('in a Create means that nothing is running', () => {
    expect(ReleaseHistory.of(openRequest(event()))).toMatchObject({ isUnknown: false, mayRun: false, physicalId: PREFIX });
  });

  test('but with the right prefix means that nothing is running', () => {
    expect(historyOf(PREFIX)).toMatchObject({ isUnknown: false, mayRun: false });
  });
});

describe('the space in an ID', () => {
  test('holds ten images', () => {
    const id = releases(30);

    expect(historyOf(id).images).toEqual(Array.from({ length: MOST_IMAGES }, (_, index) => image(30 - index)));
    expect(back(id, ask('v21'))?.answer).toBe(image(21));
    expect(back(id, ask('v20'))).toBeUndefined();
  });

  test('is not filled by releases of the same image', () => {
    const first = answer(answer('', ask('v1'), ONE), ask('v2'), TWO);
    const id = Array.from({ length: 30 }, (_, day) => ask('main', { VersionKind: 'movingTag', Nonce: `day ${day}` }))
      .reduce((before, question) => answer(before, question, THREE), first);

    expect(historyOf(id).images).toEqual([THREE, TWO, ONE]);
  });

  test('suffices for the longest names', () => {
    const longest = {
      StackId: `arn:aws:cloudformation:eu-west-1:111122223333:stack/${'s'.repeat(128)}/uuid`,
      LogicalResourceId: 'L'.repeat(255),
    };
    const id = releases(20, longest);

    expect(Buffer.byteLength(id)).toBeLessThanOrEqual(LARGEST_ID);
    expect(historyOf(id, longest).images).toEqual([20, 19, 18, 17, 16, 15, 14].map(image));
  });

  test('suffices for at least three releases even if the names exceed their maximum length', () => {
    const id = releases(20, { StackId: `a:b:c:d:e:x/${'s'.repeat(2_000)}`, LogicalResourceId: 'L'.repeat(2_000) });

    expect(Buffer.byteLength(id)).toBeLessThanOrEqual(LARGEST_ID);
    expect(historyOf(id).images).toHaveLength(6);
  });

  test('always holds the release that the latest one replaced, even if both have the same image', () => {
    const longest = { LogicalResourceId: 'L'.repeat(255) };
    for (const count of [7, 8, 9, 10, 11, 12]) {
      const deployed = releases(count, longest);
      const failed = answer(deployed, ask('promoted'), image(count), longest);

      expect(back(failed, ask(`v${count}`), longest)?.answer).toBe(image(count));
    }
  });

  /** Regardless of the history, a failed update is rolled back to the deployed release. */
  test('always holds the deployed release during one failed update, and the ID remains valid', () => {
    const name = fc.constantFrom('', 'Api', 'A'.repeat(128), '/'.repeat(255));
    const step = fc.record({ tag: fc.nat(20), image: fc.constantFrom('new', 'same', 'one of few'), platform: fc.constantFrom('LINUX/X86_64', 'LINUX/ARM64') });
    fc.assert(fc.property(fc.array(step, { minLength: 2, maxLength: 40 }), name, name, (steps, stackName, LogicalResourceId) => {
      const names = { StackId: `arn:aws:cloudformation:eu-west-1:111122223333:stack/${stackName}/uuid`, LogicalResourceId };
      let id = '';
      let before: { readonly question: Question; readonly digest: string; readonly id: string } | undefined;
      for (const [index, { tag, image: choice, platform }] of steps.entries()) {
        const properties = { VersionValue: `v${tag}`, Platforms: [platform] };
        const question = ask(properties.VersionValue, properties);
        const chosen = choice === 'same' ? before?.digest : image(choice === 'new' ? 100 + index : index % 5);
        const digest = historyOf(id, names).answerTo(question) ?? chosen ?? ONE;
        id = historyOf(id, names).after(question, digest).physicalId;
        expect(Buffer.byteLength(id)).toBeLessThanOrEqual(LARGEST_ID);
        expect(historyOf(id, names).deployed).toBe(digest);
        if (before) expect(back(id, before.question, names)?.answer).toBe(before.digest);
        before = { question, digest, id };
      }
    }), { numRuns: Number(process.env.FAST_CHECK_RUNS ?? 300) });
  });
});

test('hostile names still result in a valid ID', () => {
  const { physicalId } = ReleaseHistory.of(openRequest(event({ StackId: 'a:b:c:d:e:x/../\n/é', LogicalResourceId: '' })));

  expect(physicalId).toBe('phased-fargate/--/-');
});

function ask(tag: string, properties: object = {}): Question {
  return parse(openRequest(update('', { VersionValue: tag, ...properties })));
}

function historyOf(physicalId: string, names: object = {}): ReleaseHistory {
  return ReleaseHistory.of(openRequest({ ...update(physicalId), ...names }));
}

function answer(physicalId: string, question: Question, digest: string, names: object = {}): string {
  const history = physicalId ? historyOf(physicalId, names) : ReleaseHistory.of(openRequest(event(names)));
  return history.after(question, digest).physicalId;
}

function back(physicalId: string, question: Question, names: object = {}) {
  const target = historyOf(physicalId, names).backTo(question);
  return target && { id: target.history.physicalId, answer: target.digest, isCertain: target.isCertain };
}

function releases(count: number, names: object = {}): string {
  return Array.from({ length: count }, (_, index) => index + 1).reduce((id, number) => answer(id, ask(`v${number}`), image(number), names), '');
}
