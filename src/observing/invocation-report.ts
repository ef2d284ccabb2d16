import type { Delivery } from '../invocation/outcome.ts';
import type { FailureCause } from './observer.ts';

/**
 * How an invocation was answered.
 *
 * - `response`: with the handler's result.
 * - `error`: with what the handler threw, in a stream also behind its first bytes.
 * - `deadline`: by the runtime, after its deadline.
 * - `crash`: by the runtime, since its thread was lost: it exited, ran out of memory, an error escaped it, or a neighbour
 *   took the thread along.
 * - `shutdown`: by the runtime, which shut down.
 */
export type InvocationOutcome = 'response' | 'error' | FailureCause;

/** What happened to an invocation: the fields of its line, and what the channel says at its end. */
export interface InvocationReport {
  readonly requestId: string;
  readonly tenantId?: string;
  /** The X-Ray trace header. */
  readonly traceId?: string;
  readonly outcome: InvocationOutcome;
  /** What the caller got as the error's type. */
  readonly errorType?: string;
  /** What became of the answer, where it was not simply delivered. */
  readonly delivery?: Exclude<Delivery, 'delivered'>;
  /** From the arrival of the event until the Runtime API has taken the answer, a stream's end included. */
  readonly durationMs: number;
  /** From the arrival of the event until its thread took it up. Absent when the thread could not tell. */
  readonly dispatchMs?: number;
  /** How long the handler ran, JSON and stream included. Absent when it did not end. */
  readonly handlerMs?: number;
  /** How long after the deadline the answer was delivered; 0 if before. */
  readonly overDeadlineMs: number;
  readonly slot: number;
  /** As other lines name it; 0 is the main thread. Absent when it never got to one. */
  readonly thread?: number;
  readonly firstOnThread?: boolean;
  /** Invocations in flight when this one arrived, itself included. */
  readonly inFlight: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** The thread's JavaScript heap when the handler had ended, garbage included. */
  readonly heapUsedBytes?: number;
  /** How work given to `waitUntil` ended, where there was any. */
  readonly background?: 'done' | FailureCause;
  /** How long it went on after the handler. */
  readonly backgroundMs?: number;
}
