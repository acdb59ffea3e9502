import { redactLogLines } from './redact-log-lines';
import { Run } from './request';
import { askJson, endpoint } from '../../handler/runtime/aws-client';
import { Log } from '../../handler/runtime/log';
import { Redact } from '../../handler/runtime/redaction';
import { Runtime } from '../../handler/runtime/runtime';
import { LOG_ACTIONS } from '../contract';

type Operation = (typeof LOG_ACTIONS)[number] extends `logs:${infer Name}` ? Name : never;

const OPERATION: Operation = 'GetLogEvents';
const TARGET = 'Logs_20140328';

/** The last log lines of a container arrive slightly later than the event of its end. */
const ATTEMPTS = 3;
const PAUSE_MS = 2_000;

export interface LogStream {
  readonly group: string;
  readonly region: string;
  readonly stream: string;
}

/** Location of the awslogs driver. Undefined if the container logs elsewhere. */
export function logStreamOf({ logs, containerName }: Run, taskArn: string): LogStream | undefined {
  return logs && { group: logs.group, region: logs.region, stream: `${logs.streamPrefix}/${containerName}/${taskArn.split('/').at(-1)}` };
}

/**
 * The last lines of the container, without secrets. A reason without log lines is better than none, so this function never
 * throws. It sends no request after `until`.
 */
export async function lastLines(runtime: Runtime, redact: Redact, log: Log, run: Run, taskArn: string, until: number): Promise<string[]> {
  const place = logStreamOf(run, taskArn);
  if (!place || run.failureLogLines === 0 || runtime.clock.now() > until) return [];

  const service = {
    name: 'logs' as const,
    region: place.region,
    url: endpoint(runtime, 'CLOUDWATCH_LOGS', `https://logs.${place.region}.${run.domain}`),
    runtime,
    redact,
  };
  for (let attempt = 1; ; attempt++) {
    const lines = await askJson(service, TARGET, OPERATION, {
      logGroupName: place.group,
      logStreamName: place.stream,
      limit: run.failureLogLines,
      startFromHead: false,
    }).then(({ events }) => messagesOf(events), (error: unknown) => {
      log('warn', 'the log of the task could not be read', { error: String(error) });
      return [];
    });
    if (lines.length > 0) return shownLines(lines, redact, run.secretNames);
    if (attempt === ATTEMPTS || runtime.clock.now() + PAUSE_MS > until) return [];
    await runtime.clock.sleep(PAUSE_MS);
  }
}

function messagesOf(events: unknown): string[] {
  return Array.isArray(events) ? events.map((event) => event?.message).filter((message) => typeof message === 'string') : [];
}

/** Limits of a line. The searched text is longer than the shown text, because part of a secret is not recognized. */
const LONGEST_SHOWN = 1_000;
const LONGEST_READ = 4_000;

/** Removes secrets, colors, and control characters. */
export function shownLines(lines: readonly string[], redact: Redact, secretNames: readonly string[]): string[] {
  // Searches the lines as one text, because a secret can span several lines.
  return redactLogLines(redact(lines.map((line) => line.slice(0, LONGEST_READ).replace(ESCAPE_SEQUENCES, '')).join('\n')), secretNames)
    .split('\n')
    .map((line) => line.replace(/[\s\p{Cc}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ').trim().slice(0, LONGEST_SHOWN))
    .filter((line) => line !== '');
}

/** Terminal sequences, such as colors and titles. */
const ESCAPE_SEQUENCES = new RegExp('\\u001B(?:\\[[0-?]*[ -/]*[@-~]|\\][^\\u0007\\u001B]*(?:\\u0007|\\u001B\\\\)?|[@-Z\\\\-_])', 'g');
