import { ecsClient } from './ecs-client';
import { explain, whenOutOfTime } from './failure-reason';
import { lastLines, logStreamOf } from './last-log-lines';
import { parse, sentAt } from './request';
import { RunHistory } from './run-history';
import { startTask } from './start-task';
import { watchTask } from './watch-task';
import { NO_IMAGE } from '../../guard/contract';
import { handlerOf, Session } from '../../handler/custom-resource';
import { Request } from '../../handler/request';
import { Answer, failed } from '../../handler/response';
import { lambdaRuntime } from '../../handler/runtime/runtime';
import { stackOperation } from '../../handler/runtime/stack-status';

/** Starts the task if this release has not run it, waits for its end, and then explains its failure or records the release. */
async function runOnce(session: Session): Promise<Answer> {
  const { runtime, sent, request, times, log, redact } = session;
  const run = parse(request);
  const history = RunHistory.of(request);
  const ecs = ecsClient(runtime, redact, run);
  const askOperation = stackOperation(session, request.stack, run.domain);
  const facts = () => ({ release: run.releaseKey, image: run.imageDigest, elapsedMs: runtime.clock.now() - times.start, calls: sent() });
  const refuse = (reason: string): Answer => {
    log('error', reason, facts());
    return failed(request, reason);
  };
  const succeed = ({ physicalId }: RunHistory, message: string, isWarning = false): Answer => {
    log(isWarning ? 'warn' : 'info', message, facts());
    return { status: 'SUCCESS', physicalId };
  };

  const start = await startTask({
    runtime,
    ecs,
    askOperation,
    times,
    situation: {
      hasImage: run.imageDigest !== NO_IMAGE,
      record: history.placeOf(run.releaseKey),
      rerunForEarlierReleases: run.rerunForEarlierReleases,
      isAbandoned: isAbandoned(request, times.start),
    },
  });
  if (start.kind === 'skipped') return succeed(history.backTo(run.releaseKey), `the task does not run: ${start.because}`, start.isWarning);
  if (start.kind !== 'started') return refuse(explain(start, { run }));

  const outcome = await watchTask({ runtime, ecs, askOperation, log, run, times }, start.task);
  const { taskArn } = outcome.task;
  if (outcome.kind === 'succeeded') return succeed(history.after(run.releaseKey), `the task has succeeded: ${taskArn}`);

  const lines = outcome.kind === 'cancelled' ? [] : await lastLines(runtime, redact, log, run, taskArn, times.lastCall);
  return refuse(explain(outcome, { run, lines, stream: logStreamOf(run, taskArn) }));
}

/** Allowance for clock differences, and because CloudFormation enforces its deadline slightly late. */
const ALLOWANCE_MS = 60_000;

/** Lambda can deliver a request hours later, when another request has replaced it. */
function isAbandoned(request: Request, now: number): boolean {
  const sent = sentAt(request);
  return sent !== undefined && now > sent + request.serviceTimeoutMs + ALLOWANCE_MS;
}

export const createHandler = handlerOf({
  name: 'release task',
  answer: runOnce,
  whenOutOfTime: (request) => whenOutOfTime(parse(request)),
});

export const handler = createHandler(lambdaRuntime);
