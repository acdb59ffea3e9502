import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { Plan } from './ecs';
import { digest, NO_IMAGE, SECRETS, Simulation } from './simulation';
import { Deployment, Stack } from './stack';
import { DENIED, Fault, SERVER_ERROR, THROTTLED } from '../../guard/handler/simulation';

jest.setTimeout(600_000);

const RUNS = Number(process.env.FAST_CHECK_RUNS ?? 200);
/** A fixed seed, so that two runs differ only because of code changes. To use another one: `FAST_CHECK_SEED=$RANDOM npx jest`. */
const SEED = Number(process.env.FAST_CHECK_SEED ?? 1);

type Step =
  | { readonly kind: 'destroy' | 'rollBack' }
  | { readonly kind: 'pause'; readonly ms: number }
  | { readonly kind: 'deploy'; readonly deployment: Deployment; readonly plan: Plan; readonly faults: Readonly<Record<'ecs' | 'stack' | 'logs' | 'endpoint', readonly Fault[]>> };

const release = fc.record({
  ImageDigest: fc.constantFrom(...['one', 'two', 'three'].map(digest), NO_IMAGE),
  Command: fc.constantFrom(['node', 'migrate.js'], ['node', 'migrate.js'], ['node', 'seed.js']),
  // Changes to these do not make a different release.
  TaskDefinition: fc.constantFrom(...[1, 2].map((revision) => `arn:aws:ecs:eu-west-1:111122223333:task-definition/Migration:${revision}`)),
  TimeoutSeconds: fc.constantFrom('60', '300', '840'),
});

const plan: fc.Arbitrary<Plan> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ provisioningMs: fc.nat(40_000), runsMs: fc.nat(50_000) }) },
  { weight: 2, arbitrary: fc.record({ runsMs: fc.nat(900_000), stopMs: fc.nat(120_000), exitCodeWhenStopped: fc.constantFrom(0, 143) }) },
  { weight: 2, arbitrary: fc.record({ exitCode: fc.constantFrom(1, 137), logs: fc.constant([`leak ${SECRETS.join(' ')}`, 'DATABASE_URL=secret-of-the-app']) }) },
  { weight: 1, arbitrary: fc.constantFrom<Plan>({ cannotStart: 'CannotPullContainerError' }, { stopCode: 'UserInitiated' }) },
);

/** Temporary faults, which must change nothing except the time required. */
const OUTAGES: Fault[] = [SERVER_ERROR, { kind: 'reset' }, { kind: 'hang' }, { kind: 'answerThenReset' }];
const REFUSALS: Fault[] = [THROTTLED, DENIED, { kind: 'garbage' }];

const faultsAmong = (...kinds: Fault[]) => fc.oneof(
  { weight: 3, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.array(fc.constantFrom(...kinds), { maxLength: 4 }) },
);

const moment = fc.oneof(fc.nat(2_000), fc.nat(60_000), fc.nat(600_000));

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('deploy' as const),
      plan,
      faults: fc.record({
        ecs: faultsAmong(...OUTAGES, ...REFUSALS),
        stack: faultsAmong(...OUTAGES, ...REFUSALS),
        logs: faultsAmong(...OUTAGES, ...REFUSALS),
        endpoint: faultsAmong(...OUTAGES),
      }),
      deployment: fc.record({
        given: release,
        mishap: fc.oneof<fc.Arbitrary<Deployment['mishap']>[]>(
          fc.constant({ kind: 'none' }), fc.constant({ kind: 'none' }), fc.constant({ kind: 'afterwards' }),
          fc.record({ kind: fc.constant('meanwhile' as const), afterMs: moment }),
        ),
        rollsBack: fc.integer({ min: 0, max: 3 }).map((number) => number > 0),
        delivery: fc.oneof<fc.Arbitrary<Deployment['delivery']>[]>(
          fc.constant({ kind: 'once' }), fc.constant({ kind: 'once' }),
          fc.record({ kind: fc.constant('again' as const), afterMs: fc.oneof(moment, fc.nat(4 * 3_600_000)) }),
          fc.record({ kind: fc.constant('killed' as const), afterMs: moment }),
        ),
      }),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ kind: 'destroy' }, { kind: 'rollBack' }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pause' as const), ms: fc.nat(5 * 3_600_000) }) },
);

test(`a release runs its task once, before the services, and never in a rollback (${RUNS} life cycles, FAST_CHECK_SEED=${SEED})`, async () => {
  const seen = { tasks: 0, successes: 0, rollbacks: 0, cancelled: 0, returns: 0 };
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (story) => {
    const aws = new Simulation();
    const stack = new Stack(aws);
    await aws.clock.until(live(aws, stack, story).then(async () => stack.settle()));
    judge(aws, stack);

    seen.tasks += aws.ecs.tasks.length;
    seen.successes += stack.exchanges.filter(({ direction, accepted }) => direction === 'forward' && accepted?.Status === 'SUCCESS').length;
    seen.rollbacks += stack.exchanges.filter(({ direction }) => direction === 'rollback').length;
    seen.cancelled += aws.ecs.tasks.filter(({ wasStopped }) => wasStopped).length;
    seen.returns += stack.releases.length - new Set(stack.releases.map(({ stackId, release: name }) => stackId + name)).size;
  }), { numRuns: RUNS, seed: SEED, endOnFailure: Boolean(process.env.FAST_CHECK_END_ON_FAILURE) });
  // Each of these happens often enough to be checked.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(RUNS / 10);
});

async function live(aws: Simulation, stack: Stack, story: readonly Step[]): Promise<void> {
  for (const next of story) {
    switch (next.kind) {
      case 'pause':
        await aws.clock.sleep(next.ms);
        break;
      case 'destroy':
        await stack.destroy();
        break;
      case 'rollBack':
        if (aws.stackStatus === 'UPDATE_FAILED') await stack.rollBack();
        break;
      case 'deploy':
        aws.ecs.plans.length = 0;
        aws.ecs.plans.push(next.plan);
        for (const server of ['ecs', 'stack', 'logs', 'endpoint'] as const) aws.faults[server] = [...next.faults[server]];
        await stack.deploy(next.deployment);
    }
  }
}

function judge(aws: Simulation, stack: Stack): void {
  const started = aws.ecs.tasks.map((task) => ({ task, by: stack.requestOf(task) }));

  for (const { at, stackStatus } of aws.callsOf('ecs:RunTask')) {
    // Some milliseconds pass between the query and the request.
    assert(isForward(stackStatus) || aws.callsOf('cloudformation:DescribeStacks').some((call) => call.at === at - 20 && isForward(call.stackStatus)),
      `a task was started in ${stackStatus}`);
  }
  assert.equal(new Set(started.map(({ by }) => by)).size, started.length, 'a request started two tasks');
  assert(started.every(({ by }) => by.direction === 'forward'), 'a rollback started a task');

  const done = new Set<string>();
  for (const exchange of stack.exchanges) {
    const { stackId, release: name, accepted, direction } = exchange;
    if (direction === 'rollback') assert.equal(accepted?.Status, 'SUCCESS', `a rollback was refused: ${accepted?.Reason}`);
    if (!started.some(({ by }) => by === exchange)) continue;
    assert(!done.has(stackId + name), 'the task of a release ran twice');
    if (accepted?.Status === 'SUCCESS') done.add(stackId + name);
  }

  for (const { stackId, release: name, given } of stack.releases) {
    const hasRun = started.some(({ task, by }) => by.stackId === stackId && by.release === name && task.succeeded(Infinity));
    assert(hasRun || given?.ImageDigest === NO_IMAGE, 'services were updated to a release whose task has not succeeded');
  }

  for (const { tookMs, answers, failed } of stack.invocations) {
    assert(tookMs < 900_000, 'an answer was late');
    assert.equal(answers, failed ? 0 : 1, 'an invocation answered not once');
  }
  for (const body of aws.answers) {
    assert(Buffer.byteLength(body) <= 4096, 'an answer was too large');
    assert(!/\p{Cc}/u.test(JSON.parse(body).Reason ?? ''), 'a reason held control characters');
  }
  for (const text of [...aws.lines, ...aws.answers]) {
    for (const secret of [...SECRETS, 'secret-of-the-app']) assert(!text.includes(secret), 'a secret got out');
  }
}

function isForward(status: string): boolean {
  return /^(CREATE|UPDATE)_IN_PROGRESS$/.test(status);
}
