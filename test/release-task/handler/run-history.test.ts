import * as fc from 'fast-check';
import { event, update } from './simulation';
import { openRequest } from '../../../src/handler/request';
import { RunHistory } from '../../../src/release-task/handler/run-history';

const PREFIX = 'phased-fargate/Shop/Migration1A2B3C4D';
const key = (number: number) => `release${number}`.slice(-8).padStart(8, '_');

const historyOf = (id: string) => RunHistory.of(openRequest(update(id)));
const after = (...releases: string[]) => releases.reduce((history, release) => history.after(release), historyOf(''));

test('a new resource has no recorded run', () => {
  const history = RunHistory.of(openRequest(event()));

  expect(history.physicalId).toBe(PREFIX);
  expect(history.placeOf(key(1))).toBe('none');
});

test('the ID is readable and lists the releases that have run, with the latest first', () => {
  expect(after(key(1), key(2)).physicalId).toBe(`${PREFIX}/${key(2)}/${key(1)}`);
});

test('an ID is read exactly as it was written', () => {
  fc.assert(fc.property(fc.array(fc.nat(300).map(key)), (releases) => {
    const { physicalId } = after(...releases);
    expect(historyOf(physicalId).physicalId).toBe(physicalId);
  }));
});

test('a release that has run stays on record, however often releases change', () => {
  fc.assert(fc.property(fc.array(fc.record({ release: fc.nat(60).map(key), runs: fc.boolean() }), { maxLength: 200 }), (changes) => {
    const run = new Set<string>();
    let history = historyOf('');
    for (const { release, runs } of changes) {
      if (runs) run.add(release);
      history = historyOf((runs ? history.after(release) : history.backTo(release)).physicalId);
      if (run.has(release)) expect(history.placeOf(release)).toBe('latest');
      for (const each of run) expect(history.placeOf(each)).not.toBe('none');
    }
  }));
});

test.each([
  ['with names of usual length', 'Shop', 100],
  ['with the longest names', 'S'.repeat(128), 69],
])('the ID never exceeds the CloudFormation limit, and records enough releases: %s', (_, name, least) => {
  const request = openRequest({
    ...update(''),
    StackId: `arn:aws:cloudformation:eu-west-1:111122223333:stack/${name}/id`,
    ...name.length > 100 && { LogicalResourceId: 'L'.repeat(255) },
  });
  let history = RunHistory.of(request);
  for (let number = 0; number < 500; number++) {
    history = RunHistory.of({ ...request, physicalId: history.after(key(number)).physicalId });
    expect(Buffer.byteLength(history.physicalId)).toBeLessThanOrEqual(1024);
    expect(history.placeOf(key(number))).toBe('latest');
  }
  for (let number = 499; number > 499 - least; number--) expect(history.placeOf(key(number))).not.toBe('none');
});

test('a rollback to a release that has not run does not put it on record', () => {
  expect(after(key(1)).backTo(key(2)).physicalId).toBe(after(key(1)).physicalId);
});

test.each(['', 'arn:aws:something', `${PREFIX}/short`, `${PREFIX}/0123456789abcdef@${'a'.repeat(64)}`, 'phased-fargate/Shop'])(
  'an ID that something else created contains no record: %j', (id) => {
    expect(historyOf(id).physicalId).toBe(PREFIX);
  });
