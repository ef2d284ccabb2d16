import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { DeliveryStatus, Invocation, Outcome } from '../invocation/invocation.ts';
import type { HandlerReport } from '../protocol.ts';

/** Receives the events of one slot. */
export interface SlotObserver {
  /** The slot waits for capacity in the pool. */
  waits(): void;
  polls(): void;
  receives(invocation: Invocation): InvocationObserver;
  /** The slot has stopped polling. */
  stops(): void;
}

/** Receives the events of one invocation, from its slot and from the pool. */
export interface InvocationObserver {
  /** Whether the report of a success needs the size of the thread's heap and its CPU time. */
  readonly wantsUsage: boolean;
  /** The invocation was sent to a thread; 0 is the main thread. */
  dispatched(thread: number, isFirst: boolean): void;
  /** The thread has reported that the handler ended. `background`: promises given to `waitUntil` are still open. */
  ran(report: HandlerReport, background: boolean): void;
  /** The invocation has an outcome, or its response stream has begun. */
  answered(outcome: Outcome): void;
  streamEnded(failure: EncodedDiagnostic | undefined): void;
  /** A promise given to `waitUntil` was rejected. */
  backgroundFailed(): void;
  /** The runtime answers instead of the handler, or gives up the handler's background work. */
  failed(cause: FailureCause, diagnostic: EncodedDiagnostic): void;
  /** The invocation no longer occupies its thread. */
  settled(): void;
  /** The answer was posted, or posting it was given up. */
  delivered(delivery: DeliveryStatus): void;
}

/**
 * Why the runtime answers instead of the handler.
 *
 * - `deadline`: the handler, or its background work, did not end before the deadline and the grace period.
 * - `crash`: the thread was lost. It exited, ran out of memory or had an uncaught error, which another invocation on the
 *   same thread may have caused.
 * - `shutdown`: the runtime shut down.
 */
export type FailureCause = 'deadline' | 'crash' | 'shutdown';

/** Receives the events of the pool's threads. */
export interface ThreadsObserver {
  starts(id: number): ThreadObserver;
}

export interface ThreadObserver {
  ready(): void;
  /** The thread accepts no more invocations. The cause is undefined when the runtime ends. */
  retired(cause: ThreadEndCause | undefined, diagnostic: EncodedDiagnostic): void;
  /** The thread has ended. Only the first call counts. The cause is undefined when the runtime ends. */
  ended(cause: ThreadEndCause | undefined, diagnostic: EncodedDiagnostic): void;
}

/**
 * Why a thread is replaced.
 *
 * - `exit`: the thread exited, for example through `process.exit`.
 * - `uncaughtError`: code on the thread caused an uncaught error or an unhandled rejection.
 * - `deadline`: an invocation on the thread missed its deadline.
 * - `outOfMemory`: the thread's heap exceeded its limit.
 * - `recycled`: the thread reached `maxInvocationsPerThread` or `maxThreadHeapMb`, or `dev` detected a code change.
 * - `startFailed`: the thread failed to start.
 */
export type ThreadEndCause =
  'exit' | 'uncaughtError' | 'deadline' | 'outOfMemory' | 'recycled' | 'startFailed';

/** Receives the events of the Runtime API client. */
export interface RequestsObserver {
  /** Returns undefined if nothing observes requests. */
  sends(method: string, path: string): RequestObserver | undefined;
  retries(request: 'poll' | 'answer'): void;
  malformedEvent(): void;
}

export interface RequestObserver {
  responded(status: number): void;
  failed(error: Error): void;
}

/** Receives the events of all modules. No method throws. */
export interface Observer {
  readonly threads: ThreadsObserver;
  readonly requests: RequestsObserver;
  slot(index: number): SlotObserver;
}

/**
 * How an invocation ended.
 *
 * - `response`: the caller got the handler's result.
 * - `error`: the caller got the error that the handler threw, in a response stream possibly after its first bytes.
 * - `deadline`: the runtime answered, because the handler did not end before the deadline and the grace period.
 * - `crash`: the runtime answered, because the thread was lost. It exited, ran out of memory or had an uncaught error,
 *   which another invocation on the same thread may have caused.
 * - `shutdown`: the runtime answered, because it shut down.
 */
export type InvocationOutcome = 'response' | 'error' | FailureCause;

/** The report of an invocation: the fields of its log line, and of the channel's message at its end. */
export interface InvocationReport {
  readonly requestId: string;
  readonly tenantId?: string;
  /** The value of the X-Ray trace header. */
  readonly traceId?: string;
  readonly outcome: InvocationOutcome;
  /** The `errorType` that the caller got. Absent on success. */
  readonly errorType?: string;
  /** What became of the answer. Absent if it was delivered. */
  readonly delivery?: Exclude<DeliveryStatus, 'delivered'>;
  /** From the arrival of the event until the Runtime API accepted the answer, including the end of a stream. */
  readonly durationMs: number;
  /** From the arrival of the event until the thread started to process it. Absent if the thread did not report it. */
  readonly dispatchMs?: number;
  /** How long the handler ran, including JSON conversion and streaming. Absent if it did not end. */
  readonly handlerMs?: number;
  /**
   * The CPU time of the thread while the handler ran: with a long `handlerMs`, it tells whether the handler computed or waited.
   * Absent if the thread runs several invocations at once, or if the handler did not end.
   */
  readonly cpuMs?: number;
  /** How long after the deadline the answer was delivered; 0 if it was delivered in time. */
  readonly overDeadlineMs: number;
  /** Present if `durationMs` is more than 80 % of the time from the arrival until the deadline. */
  readonly nearDeadline?: true;
  readonly slot: number;
  /** The thread's number in log lines; 0 is the main thread. Absent if the invocation was not sent to a thread. */
  readonly thread?: number;
  readonly firstOnThread?: boolean;
  /** The number of invocations in flight when this one arrived, including itself. */
  readonly inFlight: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** The used JavaScript heap of the thread when the handler ended, including garbage. */
  readonly heapUsedBytes?: number;
  /**
   * How the work after a complete response ended; `error` if a promise given to `waitUntil` was rejected, or if a streaming
   * handler failed after the end of its stream. Absent if there was none. Without a promise given to `waitUntil`, present only
   * if the rest of a streaming handler failed or was stopped.
   */
  readonly background?: 'done' | 'error' | FailureCause;
  /** How long the background work continued after the handler ended. Absent if the handler did not end. */
  readonly backgroundMs?: number;
}
