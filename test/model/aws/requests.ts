import { Fault } from './faults';
import { Dialect } from './template';

export type RequestType = 'Create' | 'Update' | 'Delete';

/** Whether an operation goes on, goes back, or clears up behind itself. */
export type Direction = 'forward' | 'rollback' | 'cleanup';

export type Properties = Readonly<Record<string, unknown>>;

/** An answer of the guard that CloudFormation has accepted. */
export interface Answer {
  readonly status: 'SUCCESS' | 'FAILED';
  readonly reason: string;
  readonly physicalId: string;
  readonly data: Readonly<Record<string, string>>;
}

/** One request of CloudFormation to the guard, for as long as it is interested in the answer and longer. */
export interface GuardRequest<Question> {
  readonly number: number;
  readonly type: RequestType;
  readonly direction: Direction;
  /** Counts the operations on the stack. */
  readonly operation: number;
  readonly question: Question;
  /** Of the version of the library that made the template. */
  readonly dialect: Dialect;
  readonly event: Readonly<Record<string, unknown>>;
  readonly logicalId: string;
  readonly physicalId?: string;
  readonly responseUrl: string;
  readonly sentAt: number;
  readonly timeoutMs: number;
  /** No longer once there is an answer, the time is over or CloudFormation has cancelled it. */
  live: boolean;
  outcome?: 'answered' | 'timed out' | 'cancelled';
  readonly onAnswer: (answer: Answer) => void;
}

/** What an invocation has learned about its own stack. */
export interface StatusSeen {
  readonly at: number;
  readonly status: string;
  /** Whether the request was still live when CloudFormation said so. */
  readonly live: boolean;
}

/** One run of the handler, and what it has said and heard. */
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

  /** Requests to AWS, the answer not counted. */
  calls: number;
  readonly puts: Array<{ readonly at: number; readonly body: string; readonly accepted: boolean }>;
  readonly printed: string[];

  statusAsked: number;
  statusSeen?: StatusSeen;
  /** It has seen the stack at rest, or clearing up: CloudFormation sends a Create or an Update only while an operation is in progress. */
  idleSeen: boolean;
  /** Whether the last question about it got no answer. */
  statusUntold: boolean;
  /** When each fault first met this invocation. */
  readonly hits: Map<Fault, number>;
}

export const IN_PROGRESS: Readonly<Record<Direction, readonly string[]>> = {
  forward: ['CREATE_IN_PROGRESS', 'UPDATE_IN_PROGRESS'],
  rollback: ['UPDATE_ROLLBACK_IN_PROGRESS'],
  cleanup: [],
};
