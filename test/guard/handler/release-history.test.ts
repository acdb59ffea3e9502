import { event } from './simulation';
import { answeredBefore, deployedImage, idWithoutMemory, imageBefore, NO_IMAGE, recall, remember, runningImage } from '../../../src/guard/handler/release-history';
import { Request, openRequest, parse, Question } from '../../../src/guard/handler/request';

const [ONE, TWO, THREE, FOUR] = ['1', '2', '3', '4'].map((digit) => `sha256:${digit.repeat(64)}`);

test('the id is readable and says what ran', () => {
  const first = answer('', ask('v1'), ONE);
  const second = answer(first, ask('v2'), TWO);

  expect(first).toMatch(/^phased-fargate\/Service\/ApiGuard1A2B3C4D\/[0-9a-f]{16}@1{64}$/);
  expect(second).toMatch(/^phased-fargate\/Service\/ApiGuard1A2B3C4D\/[0-9a-f]{16}@2{64}\/[0-9a-f]{16}@1{64}$/);
});

test('it holds three releases, not more', () => {
  const fourth = ['v1', 'v2', 'v3', 'v4'].reduce((id, tag, index) => answer(id, ask(tag), [ONE, TWO, THREE, FOUR][index]), '');

  expect(['v4', 'v3', 'v2', 'v1'].map((tag) => answeredBefore(recall(fourth), ask(tag)))).toEqual([FOUR, THREE, TWO, undefined]);
});

test('after a rollback, it is what it was before the release', () => {
  const second = answer(answer('', ask('v1'), ONE), ask('v2'), TWO);
  const third = answer(second, ask('v3'), THREE);

  expect(answer(third, ask('v2'), TWO, true)).toBe(second);
  expect(answer(second, ask('v2'), TWO, true)).toBe(second);
});

test('a rollback to what is not on record forgets nothing', () => {
  const id = answer(answer('', ask('v2'), TWO), ask('v3'), THREE);

  expect(recall(answer(id, ask('v1'), ONE, true))).toEqual([...recall(answer('', ask('v1'), ONE)), ...recall(id)]);
});

test('what ran before the release that a rollback goes back to', () => {
  const third = answer(answer(answer('', ask('v1'), ONE), ask('v2'), TWO), ask('v3'), THREE);

  expect(imageBefore(recall(third), ask('v2'))).toBe(ONE);
  expect(imageBefore(recall(third), ask('v1'))).toBeUndefined();
});

test('it stays the same for as long as the answer does', () => {
  const id = answer('', ask('v1'), ONE);

  expect(answer(id, ask('v1'), ONE)).toBe(id);
  expect(answer(id, ask('v1', { Platforms: ['LINUX/ARM64'], WaitSeconds: '60', ContractVersion: '2' }), ONE)).toBe(id);
  expect(answer(id, ask('v1'), TWO)).not.toBe(id);
});

test('whichever id a rollback is handed, it finds what was answered', () => {
  const before = answer('', ask('v1'), ONE);
  const after = answer(before, ask('v2'), TWO);

  expect(answeredBefore(recall(before), ask('v1'))).toBe(ONE);
  expect(answeredBefore(recall(after), ask('v1'))).toBe(ONE);
  expect(answeredBefore(recall(answer(after, ask('v1'), ONE)), ask('v1'))).toBe(ONE);
});

test('two releases of one image are two releases', () => {
  const id = answer(answer('', ask('v1'), ONE), ask('v2'), ONE);

  expect(answeredBefore(recall(id), ask('v1'))).toBe(ONE);
  expect(deployedImage(recall(id), ask('v2'))).toBe(ONE);
});

test('a rollback that found nothing is on record as well', () => {
  const id = answer('', ask('v1'), NO_IMAGE);

  expect(id).toMatch(/@none$/);
  expect(answeredBefore(recall(id), ask('v1'))).toBe(NO_IMAGE);
});

test.each([
  ['another tag', ask('v2')],
  ['another kind of version', ask('v1', { VersionKind: 'parameter' })],
  ['another repository', ask('v1', { RepositoryUri: '999988887777.dkr.ecr.eu-west-1.amazonaws.com/app' })],
])('%s is another release', (_, question) => {
  expect(deployedImage(recall(answer('', ask('v1'), ONE)), question)).toBeUndefined();
});

test('each synthesis with a moving tag is a release of its own', () => {
  const monday = ask('main', { VersionKind: 'movingTag', Nonce: 'monday' });
  const tuesday = ask('main', { VersionKind: 'movingTag', Nonce: 'tuesday' });
  const id = answer(answer('', monday, ONE), tuesday, TWO);

  expect(deployedImage(recall(id), tuesday)).toBe(TWO);
  expect(answeredBefore(recall(id), monday)).toBe(ONE);
  expect(deployedImage(recall(id), ask('main', { VersionKind: 'movingTag', Nonce: 'wednesday' }))).toBeUndefined();
});

describe('starting without tasks', () => {
  const ask1 = ask('v1', { WhenMissing: 'startWithoutTasks', Nonce: 'attempt 1' });
  const ask2 = ask('v1', { WhenMissing: 'startWithoutTasks', Nonce: 'attempt 2' });
  const ask3 = ask('v1', { WhenMissing: 'startWithoutTasks', Nonce: 'attempt 3' });
  const without = answer('', ask1, NO_IMAGE);
  const within = answer(without, ask2, ONE);

  test('a release without an image is remembered as such', () => {
    expect(answeredBefore(recall(without), ask1)).toBe(NO_IMAGE);
    expect(deployedImage(recall(without), ask1)).toBeUndefined();
    expect(runningImage(recall(without))).toBeUndefined();
  });

  test('the release stays the same at the next attempt', () => {
    expect(deployedImage(recall(within), ask3)).toBe(ONE);
    expect(answer(within, ask3, ONE)).toBe(within);
  });

  test('rolling back the attempt that brought the image goes back to none', () => {
    expect(answeredBefore(recall(within), ask1)).toBe(NO_IMAGE);
  });

  test('rolling back a later attempt keeps the image', () => {
    expect(answeredBefore(recall(within), ask2)).toBe(ONE);
  });

  test('an image that turns up at the same attempt after all takes its place', () => {
    const same = answer(without, ask1, ONE);

    expect(answeredBefore(recall(same), ask1)).toBe(ONE);
    expect(recall(same)).toHaveLength(1);
  });

  test('even if it was on record already', () => {
    const other = answer(without, ask('v1'), ONE);

    expect(answeredBefore(recall(other), ask1)).toBe(NO_IMAGE);
    expect(answeredBefore(recall(answer(other, ask1, ONE)), ask1)).toBe(ONE);
  });

  test('two attempts without an image are told apart', () => {
    const stillWithout = answer(without, ask2, NO_IMAGE);

    expect(stillWithout).not.toBe(without);
    expect(answeredBefore(recall(answer(stillWithout, ask3, ONE)), ask2)).toBe(NO_IMAGE);
  });
});

test('a tag and a nonce do not run into each other', () => {
  const [one, other] = [['ab', 'c'], ['a', 'bc']].map(([tag, Nonce]) => ask(tag, { VersionKind: 'movingTag', Nonce }));

  expect(deployedImage(recall(answer('', one, ONE)), other)).toBeUndefined();
});

test.each([
  '',
  'Service-ApiGuard-1A2B3C4D',
  'phased-fargate/Service/ApiGuard',
  'phased-fargate/Service/ApiGuard/0123456789abcdef@',
  `phased-fargate/Service/ApiGuard/0123456789abcdef@${'g'.repeat(64)}`,
  `phased-fargate/Service/ApiGuard/0123456789abcdef@${'a'.repeat(64)}/rest`,
  `x/phased-fargate/Service/ApiGuard/0123456789abcdef@${'a'.repeat(64)}`,
  `phased-fargate/Service/ApiGuard/0123456789abcdef@${'a'.repeat(64)}\n`,
])('%j is no memory', (physicalId) => {
  expect(recall(physicalId)).toEqual([]);
});

test('a made-up id is replaced, so that the next one remembers', () => {
  const id = answer('made-up-by-CloudFormation', ask('v1'), ONE);

  expect(runningImage(recall(id))).toBe(ONE);
});

test('the longest names fit', () => {
  const longest = envelope('', {
    StackId: `arn:aws:cloudformation:eu-west-1:111122223333:stack/${'s'.repeat(128)}/uuid`,
    LogicalResourceId: 'L'.repeat(255),
  });
  const ids = ['v1', 'v2', 'v3'].reduce((id, tag) => remember({ ...longest, physicalId: id }, ask(tag), tag === 'v3' ? THREE : ONE, false), '');

  expect(recall(ids)).toHaveLength(3);
  expect(Buffer.byteLength(ids)).toBeLessThanOrEqual(1024);
  expect(runningImage(recall(ids))).toBe(THREE);
});

test('longer ones are cut', () => {
  const id = remember(envelope('', { LogicalResourceId: 'L'.repeat(2_000) }), ask('v1'), ONE, false);

  expect(Buffer.byteLength(id)).toBeLessThanOrEqual(1024);
  expect(runningImage(recall(id))).toBe(ONE);
});

test('hostile names make a valid id all the same', () => {
  const hostile = envelope('', { StackId: 'a:b:c:d:e:x/../\n/é', LogicalResourceId: '' });

  expect(idWithoutMemory(hostile)).toBe('phased-fargate/--/-');
});

function ask(tag: string, properties: object = {}): Question {
  return parse(openRequest(event({}, { VersionValue: tag, ...properties })));
}

function envelope(physicalId: string, overrides: object = {}): Request {
  return openRequest(event({ PhysicalResourceId: physicalId, ...overrides }));
}

function answer(physicalId: string, question: Question, digest: string, rollingBack = false): string {
  return remember(envelope(physicalId), question, digest, rollingBack);
}
