import { digest, event, NO_IMAGE, Simulation, update } from './simulation';
import { SERVER_ERROR } from '../../guard/handler/simulation';

const ABOUT = { release: expect.stringMatching(/^[\w-]{8}$/), elapsedMs: expect.any(Number), calls: expect.any(Number) };

test('the log of a release says that its task ran and how long it took', async () => {
  const aws = new Simulation();
  await aws.request(event());

  expect(linesOf(aws)).toEqual([
    expect.objectContaining({ level: 'info', message: 'the task is under way', status: 'PROVISIONING' }),
    expect.objectContaining({ level: 'info', message: 'the task is under way', status: 'RUNNING' }),
    expect.objectContaining({ ...ABOUT, level: 'info', message: `the task has succeeded: ${aws.ecs.tasks[0].arn}`, image: digest('one') }),
  ]);
  const { elapsedMs, calls } = linesOf(aws)[2];
  expect(elapsedMs).toBe(aws.clock.now() - START - ANSWER_MS);
  expect(calls).toBe(aws.calls.length - 1);
});

test.each([
  ['there is no image yet', {}, event({}, { ImageDigest: NO_IMAGE })],
  ['the stack is rolling back', { stackStatus: 'UPDATE_ROLLBACK_IN_PROGRESS' }, update('')],
])('the log of a release whose task does not run gives the reason: %s', async (because, state, message) => {
  const aws = Object.assign(new Simulation(), state);
  await aws.request(message);

  expect(linesOf(aws)).toEqual([expect.objectContaining({ ...ABOUT, level: 'info', message: `the task does not run: ${because}` })]);
});

test('the log has a warning if a task does not run because the stack status is unknown', async () => {
  const aws = new Simulation();
  const { PhysicalResourceId: first } = await aws.request(update('', { ImageDigest: digest('one') }));
  const { PhysicalResourceId: second } = await aws.request(update(first, { ImageDigest: digest('two') }));
  aws.lines.length = 0;
  aws.outage.stack = SERVER_ERROR;
  await aws.request(update(second, { ImageDigest: digest('one'), RerunForEarlierReleases: 'true' }));

  expect(linesOf(aws).at(-1)).toMatchObject({
    level: 'warn', message: 'the task does not run: it is unknown whether the stack is rolling back, and the release has run its task before',
  });
});

test('the log of a failure contains its reason', async () => {
  const aws = new Simulation();
  aws.ecs.plans.push({ exitCode: 1 });
  const { Reason } = await aws.request(event());

  expect(linesOf(aws).at(-1)).toEqual(expect.objectContaining({ ...ABOUT, level: 'error', message: Reason, image: digest('one') }));
});

test('a request that runs out of time because AWS never responds says how to find a task that may be running', async () => {
  const aws = new Simulation();
  const { send } = aws;
  aws.send = async (request) => request.method === 'PUT' ? send(request) : new Promise(() => undefined);

  expect(await aws.request(event())).toMatchObject({
    Status: 'FAILED',
    Reason: expect.stringMatching(/^The release task ran out of time after 890 s, because AWS did not answer\. The ECS task may still be running\. Find it with: aws ecs list-tasks .* Deploy again\.$/),
  });
});

describe('a request counts as abandoned by CloudFormation', () => {
  test.each([
    ['after exactly this time', 0, 'not yet'],
    ['a second later', 1_000, 'by then'],
  ])('when more than its timeout and one minute have passed (%s: %s)', async (_, laterMs, when) => {
    const aws = new Simulation();
    const answer = await aws.request(event({ RequestType: 'Update', PhysicalResourceId: 'id' }, {}, aws.clock.now() - 960_000 - laterMs));

    expect(answer.Status).toBe(when === 'not yet' ? 'SUCCESS' : 'FAILED');
  });
});

const START = new Simulation().clock.now();
const ANSWER_MS = 20;

function linesOf(aws: Simulation) {
  return aws.lines.map((line) => JSON.parse(line));
}
