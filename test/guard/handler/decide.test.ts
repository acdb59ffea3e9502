import { NO_IMAGE } from '../../../src/guard/contract';
import { decide, Decision, Situation } from '../../../src/guard/handler/decide';
import { Observation } from '../../../src/guard/handler/observation';
import { patience } from '../../../src/guard/handler/patience';

const DIGEST = `sha256:${'d'.repeat(64)}`;
const BEFORE = `sha256:${'b'.repeat(64)}`;

const OBSERVATIONS = {
  'found': { kind: 'found', images: [], digest: DIGEST },
  'missing': { kind: 'missing' },
  'gone': { kind: 'gone' },
  'activating': { kind: 'activating', digest: DIGEST },
  'unnamed': { kind: 'unnamed' },
  'repository missing': { kind: 'repositoryMissing' },
  'archived': { kind: 'archived', digest: DIGEST },
  'wrong platform': { kind: 'wrongPlatform', digest: DIGEST, offered: ['linux/arm64'], lacking: ['linux/amd64'] },
  'not an image': { kind: 'notAnImage', digest: DIGEST, what: 'a Helm chart' },
  'index': { kind: 'index', digest: DIGEST },
  'not ready': { kind: 'notReady', digest: DIGEST, problem: '', remedy: '' },
  'not begun': { kind: 'notBegun', digest: DIGEST, problem: '', remedy: '' },
  'unfit': { kind: 'unfit', digest: DIGEST, problem: '', remedy: '' },
  'KMS': { kind: 'kms', message: '' },
  'upstream': { kind: 'upstream', message: '' },
  'refused': { kind: 'refused', message: '' },
  'quota': { kind: 'quota', message: '' },
  'unexpected': { kind: 'unexpected', message: '' },
  'denied': { kind: 'denied', message: '' },
  'throttled': { kind: 'throttled', message: '' },
  'unavailable': { kind: 'unavailable', message: '' },
} satisfies Record<string, Observation>;

/** The decision table of the design. Its last column is split in two: rollbacks with a recorded answer and rollbacks without one. */
const TABLE = `
  observed           | time left  | no time left | without tasks | rolling back | nothing on record | …and no time left
  -------------------|------------|--------------|---------------|--------------|-------------------|-------------------
  found              | digest     | digest       | digest        | recorded     | digest            | digest
  missing            | look again | fail         | 0 tasks       | recorded     | 0 tasks           | 0 tasks
  gone               | look again | fail         | fail          | recorded     | 0 tasks           | 0 tasks
  unnamed            | fail       | fail         | 0 tasks       | recorded     | 0 tasks           | 0 tasks
  activating         | look again | fail         | fail          | recorded     | digest            | digest
  repository missing | fail       | fail         | fail          | recorded     | 0 tasks           | 0 tasks
  archived           | fail       | fail         | fail          | recorded     | digest            | digest
  wrong platform     | fail       | fail         | fail          | recorded     | digest            | digest
  not an image       | fail       | fail         | fail          | recorded     | digest            | digest
  index              | fail       | fail         | fail          | recorded     | digest            | digest
  not ready          | look again | fail         | fail          | recorded     | digest            | digest
  not begun          | look again | fail         | fail          | recorded     | digest            | digest
  unfit              | fail       | fail         | fail          | recorded     | digest            | digest
  KMS                | fail       | fail         | fail          | recorded     | 0 tasks           | 0 tasks
  upstream           | fail       | fail         | fail          | recorded     | 0 tasks           | 0 tasks
  refused            | fail       | fail         | fail          | recorded     | 0 tasks           | 0 tasks
  quota              | fail       | fail         | fail          | recorded     | 0 tasks           | 0 tasks
  unexpected         | fail       | fail         | fail          | recorded     | 0 tasks           | 0 tasks
  denied             | look again | fail         | fail          | recorded     | look again        | 0 tasks
  throttled          | look again | fail         | fail          | recorded     | look again        | 0 tasks
  unavailable        | look again | fail         | fail          | recorded     | look again        | 0 tasks
`;

const CIRCUMSTANCES: ReadonlyArray<Partial<Situation>> = [
  { timeLeft: true },
  {},
  { whenMissing: 'startWithoutTasks' },
  { operation: 'rollback', onRecord: BEFORE },
  { operation: 'rollback', timeLeft: true },
  { operation: 'rollback' },
];

const rows = TABLE.trim().split('\n').slice(2).map((row) => row.split('|').map((cell) => cell.trim()));

describe('the decision table', () => {
  test.each(rows)('decides correctly in every situation for the observation "%s"', (observed, ...cells) => {
    const decisions = CIRCUMSTANCES.map((circumstances) => cellOf(decideOn(OBSERVATIONS[observed as keyof typeof OBSERVATIONS], circumstances)));

    expect(decisions).toEqual(cells);
  });

  test('has a row for every possible observation', () => {
    expect(rows.map(([observed]) => observed).sort()).toEqual(Object.keys(OBSERVATIONS).sort());
  });
});

const everyObservation = Object.entries(OBSERVATIONS);

test.each(everyObservation)('if CloudFormation does not say whether the stack is rolling back, the recorded answer applies (%s)', (_, observation) => {
  expect(cellOf(decideOn(observation, { operation: 'unknown', onRecord: BEFORE }))).toBe('recorded');
  expect(cellOf(decideOn(observation, { operation: 'unknown', onRecord: BEFORE, timeLeft: true }))).toBe('recorded');
});

test.each(everyObservation)('without a recorded answer, a stack whose operation is unknown does not count as rolling back (%s)', (_, observation) => {
  for (const operation of ['unknown', 'over'] as const) {
    for (const timeLeft of [true, false]) {
      expect(cellOf(decideOn(observation, { operation, timeLeft }))).toBe(cellOf(decideOn(observation, { timeLeft })));
    }
  }
});

test.each(['forward', 'over'] as const)('a recorded answer does not apply to a new request (%s)', (operation) => {
  expect(cellOf(decideOn({ kind: 'missing' }, { operation, onRecord: BEFORE }))).toBe('fail');
  expect(cellOf(decideOn({ kind: 'found', images: [], digest: DIGEST }, { operation, onRecord: BEFORE }))).toBe('digest');
});

test('before the first lookup, a rollback uses the recorded answer, and every other request does a lookup', () => {
  const unseen: Observation = { kind: 'unseen' };

  expect(cellOf(decideOn(unseen, { timeLeft: true, onRecord: BEFORE }))).toBe('look again');
  expect(cellOf(decideOn(unseen, { timeLeft: true, operation: 'rollback' }))).toBe('look again');
  expect(cellOf(decideOn(unseen, { timeLeft: true, operation: 'unknown' }))).toBe('look again');
  expect(cellOf(decideOn(unseen, { timeLeft: true, operation: 'rollback', onRecord: BEFORE }))).toBe('recorded');
  expect(cellOf(decideOn(unseen, { timeLeft: true, operation: 'rollback', onRecord: NO_IMAGE }))).toBe('0 tasks');
});

test('a service that may be running is not stopped because the new image is missing', () => {
  expect(decideOn({ kind: 'missing' }, { whenMissing: 'startWithoutTasks', mayRun: true })).toEqual({ kind: 'fail' });
  expect(decideOn({ kind: 'unnamed' }, { whenMissing: 'startWithoutTasks', mayRun: true })).toEqual({ kind: 'fail' });
});

test('a success that differs from the request or is in doubt has a warning', () => {
  expect(decideOn({ kind: 'missing' }, { whenMissing: 'startWithoutTasks' })).toHaveProperty('warning', expect.stringContaining('0 tasks'));
  expect(decideOn({ kind: 'missing' }, { operation: 'rollback' }))
    .toHaveProperty('warning', 'the stack is rolling back, so the guard proceeds without the image (missing)');
  expect(decideOn({ kind: 'missing' }, { operation: 'unknown', onRecord: BEFORE })).toHaveProperty('warning', expect.stringContaining('the guard cannot determine'));
  expect(decideOn({ kind: 'found', images: [], digest: DIGEST, doubt: 'hm' }, {})).toHaveProperty('warning', 'hm');
});

test('a success that matches the request has no warning', () => {
  expect(decideOn({ kind: 'found', images: [], digest: DIGEST }, {})).toHaveProperty('warning', undefined);
  expect(decideOn({ kind: 'missing' }, { operation: 'rollback', onRecord: BEFORE })).not.toHaveProperty('warning');
});

test.each([
  ['unseen', Infinity],
  ['missing', 120_000],
  ['gone', 120_000],
  ['activating', 120_000],
  ['denied', 60_000],
  ['throttled', 120_000],
  ['unavailable', 120_000],
  ['found', 0],
  ['archived', 0],
  ['repositoryMissing', 0],
  ['unnamed', 0],
  ['kms', 0],
  ['quota', 0],
  ['unfit', 0],
  ['refused', 0],
  ['upstream', 0],
  ['unexpected', 0],
] as const)('with a wait of two minutes, the patience for %s lasts until %d ms', (kind, expected) => {
  expect(patience(kind, 120_000)).toBe(expected);
});

test.each([
  ['notReady', 420_000],
  ['notBegun', 180_000],
  ['throttled', 420_000],
  ['unavailable', 420_000],
  ['missing', 120_000],
  ['denied', 60_000],
  ['unfit', 0],
] as const)('with a wait of two minutes, plus five for the requirements, the patience for %s lasts until %d ms', (kind, expected) => {
  expect(patience(kind, 120_000, 300_000)).toBe(expected);
});

test('the wait for a check that has not begun ends no later than the wait for its requirement', () => {
  expect(patience('notBegun', 120_000, 30_000)).toBe(150_000);
});

test('a failing service gets a minute to recover even if no wait was requested', () => {
  expect(patience('throttled', 0)).toBe(60_000);
  expect(patience('unavailable', 0)).toBe(60_000);
});

/** Decides at the very start, so that there is time left to wait for anything that may recover. */
function decideOn(observation: Observation, circumstances: Partial<Situation>): Decision {
  const waitMs = circumstances.operation === 'rollback' ? 0 : 120_000;
  return decide({
    observation,
    operation: 'forward',
    onRecord: undefined,
    mayRun: false,
    whenMissing: 'fail',
    ...circumstances,
    timeLeft: circumstances.timeLeft === true && patience(observation.kind, waitMs) > 0,
  });
}

function cellOf(decision: Decision): string {
  switch (decision.kind) {
    case 'lookAgain': return 'look again';
    case 'fail': return 'fail';
    case 'succeed': return ({ [DIGEST]: 'digest', [BEFORE]: 'recorded', [NO_IMAGE]: '0 tasks' })[decision.digest] ?? decision.digest;
  }
}
