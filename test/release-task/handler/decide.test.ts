import { decide, Situation } from '../../../src/release-task/handler/decide';

const OPERATIONS = ['forward', 'rollback', 'over', 'unknown'] as const;

/** The table from the source. Each row has the decision before the stack status is known, then the decision for each operation. */
const TABLE: ReadonlyArray<[string, Partial<Situation>, [asked: string, ...byOperation: string[]]]> = [
  ['without an image', { hasImage: false }, ['skip', 'skip', 'skip', 'skip', 'skip']],
  ['without an image, although one was deployed', { hasImage: false, record: 'latest' }, ['skip', 'skip', 'skip', 'skip', 'skip']],
  ['that is deployed', { record: 'latest' }, ['skip', 'skip', 'skip', 'skip', 'skip']],
  ['that is deployed, to be rerun for earlier releases', { record: 'latest', rerunForEarlierReleases: true }, ['skip', 'skip', 'skip', 'skip', 'skip']],
  ['that has run earlier', { record: 'earlier' }, ['skip', 'skip', 'skip', 'skip', 'skip']],
  ['that has run earlier, to be rerun for earlier releases', { record: 'earlier', rerunForEarlierReleases: true }, ['ask', 'run', 'skip', 'refuse late', 'skip and warn']],
  ['that has not run', {}, ['ask', 'run', 'skip', 'refuse late', 'refuse unknown']],
  ['that has not run, to be rerun for earlier releases', { rerunForEarlierReleases: true }, ['ask', 'run', 'skip', 'refuse late', 'refuse unknown']],
  ['that has not run, long after the request', { isAbandoned: true }, ['refuse late', 'refuse late', 'refuse late', 'refuse late', 'refuse late']],
  ['that has run earlier, long after the request', { record: 'earlier', isAbandoned: true }, ['skip', 'skip', 'skip', 'skip', 'skip']],
];

test.each(TABLE)('a release %s is decided as in the table', (_, given, expected) => {
  expect([undefined, ...OPERATIONS].map((operation) => cell({ ...given, operation }))).toEqual(expected);
});

test('the task runs only while the stack moves forward', () => {
  const all = OPERATIONS.flatMap((operation) => [true, false].flatMap((hasImage) => [true, false].flatMap((rerunForEarlierReleases) =>
    [true, false].flatMap((isAbandoned) => (['latest', 'earlier', 'none'] as const).map((record) =>
      ({ operation, hasImage, rerunForEarlierReleases, isAbandoned, record }))))));

  const running = all.filter((situation) => decide(situation).kind === 'run');
  expect(running).toHaveLength(3);
  for (const situation of running) expect(situation).toMatchObject({ operation: 'forward', hasImage: true, isAbandoned: false });
});

test('a rollback in progress is never refused', () => {
  for (const record of ['latest', 'earlier', 'none'] as const) {
    for (const rerunForEarlierReleases of [true, false]) {
      expect(cell({ record, rerunForEarlierReleases, operation: 'rollback' })).toBe('skip');
    }
  }
});

function cell(given: Partial<Situation>): string {
  const decision = decide({ hasImage: true, record: 'none', rerunForEarlierReleases: false, isAbandoned: false, operation: undefined, ...given });
  switch (decision.kind) {
    case 'skip': return decision.isWarning ? 'skip and warn' : 'skip';
    case 'refuse': return `refuse ${decision.because}`;
    default: return decision.kind;
  }
}
