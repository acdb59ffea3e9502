import * as fc from 'fast-check';
import { event, update } from './simulation';
import { openRequest } from '../../../src/handler/request';
import { RunHistory } from '../../../src/release-task/handler/run-history';

const PREFIX = 'phased-fargate/Shop/Migration1A2B3C4D';
const key = (number: number) => `release${number}`.slice(-8).padStart(8, '_');

const historyOf = (id: string) => RunHistory.of(openRequest(update(id)));
const after = (...releases: string[]) => releases.reduce((history, release) => history.after(release), historyOf(''));

test('a new resource has run nothing', () => {
  const history = RunHistory.of(openRequest(event()));

  expect(history.physicalId).toBe(PREFIX);
  expect(history.placeOf(key(1))).toBe('none');
});

test('the id is readable and says what has run, the latest first', () => {
  expect(after(key(1), key(2)).physicalId).toBe(`${PREFIX}/${key(2)}/${key(1)}`);
});

test('an id that is read is the id that was written', () => {
  fc.assert(fc.property(fc.array(fc.nat(300).map(key)), (releases) => {
    const { physicalId } = after(...releases);
    expect(historyOf(physicalId).physicalId).toBe(physicalId);
  }));
});

test('what has run stays on record, however often releases change', () => {
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
])('the id never exceeds what CloudFormation takes, and remembers enough: %s', (_, name, least) => {
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

test('a release that has not run is not put on record by a rollback to it', () => {
  expect(after(key(1)).backTo(key(2)).physicalId).toBe(after(key(1)).physicalId);
});

test.each(['', 'arn:aws:something', `${PREFIX}/short`, `${PREFIX}/0123456789abcdef@${'a'.repeat(64)}`, 'phased-fargate/Shop'])(
  'an id that something else has made says nothing: %j', (id) => {
    expect(historyOf(id).physicalId).toBe(PREFIX);
  });
