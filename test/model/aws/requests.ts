import { Fault } from './faults';
import { Dialect } from './template';

export type RequestType = 'Create' | 'Update' | 'Delete';

/** Whether an operation moves forward, rolls back or cleans up. */
export type Direction = 'forward' | 'rollback' | 'cleanup';

export type Properties = Readonly<Record<string, unknown>>;

/** An answer of the guard that CloudFormation has accepted. */
export interface Answer {
  readonly status: 'SUCCESS' | 'FAILED';
  readonly reason: string;
  readonly physicalId: string;
  readonly data: Readonly<Record<string, string>>;
}

/** One request of CloudFormation to the guard, also after CloudFormation has stopped waiting for the answer. */
export interface GuardRequest<Question> {
  readonly number: number;
  readonly type: RequestType;
  readonly direction: Direction;
  /** Counts the operations on the stack. */
  readonly operation: number;
  readonly question: Question;
  /** Version of the library that created the template. */
  readonly dialect: Dialect;
  readonly event: Readonly<Record<string, unknown>>;
  readonly logicalId: string;
  readonly physicalId?: string;
  readonly responseUrl: string;
  readonly sentAt: number;
  readonly timeoutMs: number;
  /** Whether CloudFormation still waits: there is no answer, timeout or cancellation yet. */
  live: boolean;
  outcome?: 'answered' | 'timed out' | 'cancelled';
  readonly onAnswer: (answer: Answer) => void;
}

/** Stack status as an invocation has seen it. */
export interface StatusSeen {
  readonly at: number;
  readonly status: string;
  /** Whether the request was still live when CloudFormation said so. */
  readonly live: boolean;
}

/** One run of the handler with its requests and responses. */
export interface Invocation<Question> {
  readonly number: number;
  readonly request: GuardRequest<Question>;
  /** 1 for the first delivery; Lambda tries again after a crash, and may deliver twice. */
  readonly attempt: number;
  readonly delayMs: number;
  readonly startedAt: number;
  readonly deadline: number;
  readonly code: string;
  ended?: 'returned' | 'threw' | 'killed';
  endedAt?: number;
  error?: unknown;

  /** Requests to AWS, not counting the answer. */
  calls: number;
  readonly puts: Array<{ readonly at: number; readonly body: string; readonly accepted: boolean }>;
  readonly printed: string[];

  statusAsked: number;
  statusSeen?: StatusSeen;
  /** Whether it has seen the stack stable or in clean-up: CloudFormation sends a Create or an Update only while an operation is in progress. */
  idleSeen: boolean;
  /** Whether the last request for the stack status got no response. */
  statusUntold: boolean;
  /** Time at which each fault first affected this invocation. */
  readonly hits: Map<Fault, number>;
}

export const IN_PROGRESS: Readonly<Record<Direction, readonly string[]>> = {
  forward: ['CREATE_IN_PROGRESS', 'UPDATE_IN_PROGRESS'],
  rollback: ['UPDATE_ROLLBACK_IN_PROGRESS'],
  cleanup: [],
};
