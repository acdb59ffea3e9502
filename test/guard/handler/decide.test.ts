import { decide, Decision, patience, Situation } from '../../../src/guard/handler/decide';
import { NO_IMAGE } from '../../../src/guard/handler/release-history';
import { Observation } from '../../../src/guard/handler/observation';

const DIGEST = `sha256:${'d'.repeat(64)}`;
const BEFORE = `sha256:${'b'.repeat(64)}`;

const OBSERVATIONS = {
  'found': { kind: 'found', digest: DIGEST },
  'missing': { kind: 'missing' },
  'activating': { kind: 'activating', digest: DIGEST },
  'unnamed': { kind: 'unnamed' },
  'repository missing': { kind: 'repositoryMissing' },
  'archived': { kind: 'archived', digest: DIGEST },
  'wrong platform': { kind: 'wrongPlatform', digest: DIGEST, offered: ['linux/arm64'], lacking: ['linux/amd64'] },
  'not an image': { kind: 'notAnImage', digest: DIGEST, what: 'a Helm chart' },
  'index': { kind: 'index', digest: DIGEST },
  'KMS': { kind: 'kms', message: '' },
  'upstream': { kind: 'upstream', message: '' },
  'refused': { kind: 'refused', message: '' },
  'unexpected': { kind: 'unexpected', message: '' },
  'denied': { kind: 'denied', message: '' },
  'throttled': { kind: 'throttled', message: '' },
  'unavailable': { kind: 'unavailable', message: '' },
} satisfies Record<string, Observation>;

/** The decision table of the design, with the last column in two: a rollback with a record and one without. */
const TABLE = `
  observed           | time left  | no time left | without tasks | rolling back | nothing on record | …and no time left
  -------------------|------------|--------------|---------------|--------------|-------------------|-------------------
  found              | digest     | digest       | digest        | recorded     | digest            | digest
  missing            | look again | fail         | 0 tasks       | recorded     | 0 tasks           | 0 tasks
  unnamed            | fail       | fail         | 0 tasks       | recorded     | 0 tasks           | 0 tasks
  activating         | look again | fail         | fail          | recorded     | digest            | digest
  repository missing | fail       | fail         | fail          | recorded     | 0 tasks           | 0 tasks
  archived           | fail       | fail         | fail          | recorded     | digest            | digest
  wrong platform     | fail       | fail         | fail          | recorded     | digest            | digest
  not an image       | fail       | fail         | fail          | recorded     | digest            | digest
  index              | fail       | fail         | fail          | recorded     | digest            | digest
  KMS                | fail       | fail         | fail          | recorded     | 0 tasks           | 0 tasks
  upstream           | fail       | fail         | fail          | recorded     | 0 tasks           | 0 tasks
  refused            | fail       | fail         | fail          | recorded     | 0 tasks           | 0 tasks
  unexpected         | fail       | fail         | fail          | recorded     | 0 tasks           | 0 tasks
  denied             | look again | fail         | fail          | recorded     | look again        | 0 tasks
  throttled          | look again | fail         | fail          | recorded     | look again        | 0 tasks
  unavailable        | look again | fail         | fail          | recorded     | look again        | 0 tasks
`;

const CIRCUMSTANCES: ReadonlyArray<Partial<Situation>> = [
  { timeLeft: true },
  {},
  { whenMissing: 'startWithoutTasks' },
  { rollingBack: true, answeredBefore: BEFORE },
  { rollingBack: true, timeLeft: true },
  { rollingBack: true },
];

const rows = TABLE.trim().split('\n').slice(2).map((row) => row.split('|').map((cell) => cell.trim()));

describe('the decision table', () => {
  test.each(rows)('%s', (observed, ...cells) => {
    const decisions = CIRCUMSTANCES.map((circumstances) => cellOf(decideOn(OBSERVATIONS[observed as keyof typeof OBSERVATIONS], circumstances)));

    expect(decisions).toEqual(cells);
  });

  test('has a row for everything that can be observed', () => {
    expect(rows.map(([observed]) => observed).sort()).toEqual(Object.keys(OBSERVATIONS).sort());
  });
});

test('before anything was looked at, a rollback takes what is on record, and everything else looks', () => {
  const unseen: Observation = { kind: 'unseen' };

  expect(cellOf(decideOn(unseen, { timeLeft: true, answeredBefore: BEFORE }))).toBe('look again');
  expect(cellOf(decideOn(unseen, { timeLeft: true, rollingBack: true }))).toBe('look again');
  expect(cellOf(decideOn(unseen, { timeLeft: true, rollingBack: true, answeredBefore: BEFORE }))).toBe('recorded');
  expect(cellOf(decideOn(unseen, { timeLeft: true, rollingBack: true, answeredBefore: NO_IMAGE }))).toBe('0 tasks');
});

test('a service that runs is not stopped because the next image is missing', () => {
  expect(decideOn({ kind: 'missing' }, { whenMissing: 'startWithoutTasks', imageRunning: true })).toEqual({ kind: 'fail' });
});

test('a success that is not what was asked for comes with a warning', () => {
  expect(decideOn({ kind: 'missing' }, { whenMissing: 'startWithoutTasks' })).toHaveProperty('warning', expect.stringContaining('0 tasks'));
  expect(decideOn({ kind: 'missing' }, { rollingBack: true })).toHaveProperty('warning', expect.stringContaining('rolling back'));
  expect(decideOn({ kind: 'found', digest: DIGEST, doubt: 'hm' }, {})).toHaveProperty('warning', 'hm');
  expect(decideOn({ kind: 'found', digest: DIGEST }, {})).toHaveProperty('warning', undefined);
});

test.each([
  ['unseen', Infinity],
  ['missing', 120_000],
  ['activating', 120_000],
  ['denied', 60_000],
  ['throttled', 120_000],
  ['unavailable', 120_000],
  ['found', 0],
  ['archived', 0],
  ['repositoryMissing', 0],
  ['unnamed', 0],
  ['kms', 0],
  ['unexpected', 0],
] as const)('a wait of two minutes has patience for %s until %d ms', (kind, expected) => {
  expect(patience(kind, 120_000)).toBe(expected);
});

test('an ailing service is given a minute even where no wait was asked for', () => {
  expect(patience('throttled', 0)).toBe(60_000);
  expect(patience('unavailable', 0)).toBe(60_000);
});

function decideOn(observation: Observation, circumstances: Partial<Situation>): Decision {
  return decide({
    observation,
    timeLeft: false,
    rollingBack: false,
    answeredBefore: undefined,
    imageRunning: false,
    whenMissing: 'fail',
    ...circumstances,
  });
}

function cellOf(decision: Decision): string {
  if (decision.kind === 'lookAgain') return 'look again';
  if (decision.kind === 'fail') return 'fail';
  return ({ [DIGEST]: 'digest', [BEFORE]: 'recorded', [NO_IMAGE]: '0 tasks' })[decision.digest] ?? decision.digest;
}
