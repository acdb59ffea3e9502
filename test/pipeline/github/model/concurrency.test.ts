import { Concurrency, ConcurrencyGroups } from './concurrency';

/** Adds these jobs one after another. Returns the groups and all canceled jobs. */
function arrivals(concurrency: Concurrency, ...jobs: string[]): { groups: ConcurrencyGroups<string>; cancelled: string[] } {
  return jobs.reduce((before, job) => {
    const { groups, cancelled } = before.groups.arrive(job, concurrency);
    return { groups, cancelled: [...before.cancelled, ...cancelled] };
  }, { groups: new ConcurrencyGroups<string>(), cancelled: [] as string[] });
}

test('by default, one run is active, one waits, and a new arrival replaces the waiting run', () => {
  const { groups, cancelled } = arrivals({ group: 'deploy' }, 'one', 'two', 'three');
  expect(cancelled).toEqual(['two']);
  expect(groups.runs('one', { group: 'deploy' })).toBe(true);
  expect(groups.leave('one', { group: 'deploy' }).runs('three', { group: 'deploy' })).toBe(true);
});

test('with queue: max, up to 100 runs wait, and they start in the order of their arrival', () => {
  const queue: Concurrency = { group: 'deploy', queue: 'max' };
  const jobs = Array.from({ length: 103 }, (_, index) => `job ${index}`);
  const { groups, cancelled } = arrivals(queue, ...jobs);
  expect(cancelled).toEqual(['job 101', 'job 102']);
  expect(groups.leave('job 0', queue).runs('job 1', queue)).toBe(true);
});

test('cancel-in-progress cancels the active run, and cannot be combined with queue: max', () => {
  const { groups, cancelled } = arrivals({ 'group': 'test', 'cancel-in-progress': true }, 'one', 'two');
  expect(cancelled).toEqual(['one']);
  expect(groups.runs('two', { group: 'test' })).toBe(true);
  expect(() => arrivals({ 'group': 'test', 'cancel-in-progress': true, 'queue': 'max' }, 'one')).toThrow('cannot be combined');
});

test('groups belong to the repository, and their names are case-insensitive', () => {
  const { groups } = arrivals({ group: 'Prod' }, 'one');
  expect(groups.arrive('two', { group: 'prod' }).groups.runs('two', { group: 'prod' })).toBe(false);
  expect(groups.arrive('two', { group: 'staging' }).groups.runs('two', { group: 'staging' })).toBe(true);
});
