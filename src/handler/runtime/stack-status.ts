import { askQuery, AwsError, endpoint, Service, textOf } from './aws-client';
import { Deadlines } from './deadlines';
import { Log } from './log';
import { retryPause } from './pauses';
import { Redact } from './redaction';
import { Runtime } from './runtime';

/** The current operation of CloudFormation on the stack. */
export type Operation =
  /** CloudFormation creates or updates resources. */
  | 'forward'
  /** CloudFormation returns to the previous deployment. A guard must not fail a rollback. */
  | 'rollback'
  /** There is no operation, so a request is too late. */
  | 'over'
  /** The operation is unknown. */
  | 'unknown';

export interface StackIdentity {
  readonly id: string;
  readonly region: string;
}

/** Asks CloudFormation for the current operation on the stack. Never throws. */
export type AskOperation = (patienceMs?: number) => Promise<{ readonly operation: Operation; readonly status: string }>;

const VERSION = '2010-05-15';

/** Default time limit. */
const PATIENCE_MS = 5_000;

export interface Asking {
  readonly runtime: Runtime;
  readonly redact: Redact;
  readonly log: Log;
  readonly times: Deadlines;
}

/** @param domain domain suffix of the partition */
export function stackOperation({ runtime, redact, log, times }: Asking, stack: StackIdentity, domain: string): AskOperation {
  const service: Service = {
    name: 'cloudformation',
    region: stack.region,
    url: endpoint(runtime, 'CLOUDFORMATION', `https://cloudformation.${stack.region}.${domain}`),
    runtime,
    redact,
  };
  return async (patienceMs = PATIENCE_MS) => {
    const until = Math.min(runtime.clock.now() + patienceMs, times.lastCall);
    for (let troubles = 1; ; troubles++) {
      try {
        const status = textOf('StackStatus', await askQuery(service, VERSION, 'DescribeStacks', { StackName: stack.id }));
        if (status === undefined) throw new Error('the answer has no status');
        return { operation: operationOf(status), status };
      } catch (error) {
        const reason = error instanceof AwsError ? `${error.action} failed: ${error.code}` : String(error);
        if (runtime.clock.now() >= until) {
          log('warn', 'cannot determine what the stack is doing', { error: reason });
          return { operation: 'unknown', status: reason };
        }
        await runtime.clock.sleep(Math.min(retryPause(troubles, runtime.random(), 500), until - runtime.clock.now()));
      }
    }
  };
}

/**
 * Maps the documented statuses of CloudFormation. During `…_CLEANUP_IN_PROGRESS`, CloudFormation only deletes resources.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
 */
export function operationOf(status: string): Operation {
  if (/^(CREATE|UPDATE|IMPORT)_IN_PROGRESS$/.test(status)) return 'forward';
  return /^(UPDATE_|IMPORT_)?ROLLBACK_IN_PROGRESS$/.test(status) ? 'rollback' : 'over';
}
