import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { DeliveryStatus, Invocation, Outcome } from '../invocation/invocation.ts';
import type { HandlerReport } from '../protocol.ts';

/** What a slot tells of itself. */
export interface SlotObserver {
  /** There is no room for its next invocation. */
  waits(): void;
  polls(): void;
  receives(invocation: Invocation): InvocationObserver;
  /** It polls no more. */
  stops(): void;
}

/** What slot and pool tell of one invocation. */
export interface InvocationObserver {
  /** Does anybody want to know how large the heap is? */
  readonly wantsHeap: boolean;
  /** It goes to a thread; 0 is the main thread. */
  dispatched(thread: number, isFirst: boolean): void;
  /** The thread's account of it. With `background` the handler has left work behind. */
  ran(report: HandlerReport, background: boolean): void;
  /** The handler has ended, or has begun to stream. */
  answered(outcome: Outcome): void;
  streamEnded(failure: EncodedDiagnostic | undefined): void;
  /** The runtime answers in the handler's place, or gives up its background work. */
  failed(cause: FailureCause, diagnostic: EncodedDiagnostic): void;
  /** It no longer occupies its thread. */
  settled(): void;
  /** What became of the answer. */
  delivered(delivery: DeliveryStatus): void;
}

/**
 * Why the runtime answers in the handler's place.
 *
 * - `deadline`: the handler, or its background work, has outlived the deadline and the grace.
 * - `crash`: its thread was lost: it exited, ran out of memory, an error escaped it, or a neighbour took the thread along.
 * - `shutdown`: the runtime shuts down.
 */
export type FailureCause = 'deadline' | 'crash' | 'shutdown';

/** What the pool tells of its threads. */
export interface ThreadsObserver {
  starts(id: number): ThreadObserver;
}

export interface ThreadObserver {
  ready(): void;
  /** It takes no invocation any more. The cause is undefined when the runtime ends. */
  retired(cause: ThreadEndCause | undefined, diagnostic: EncodedDiagnostic): void;
  /** It has ended; the first call counts. The cause is undefined when the runtime ends. */
  ended(cause: ThreadEndCause | undefined, diagnostic: EncodedDiagnostic): void;
}

/**
 * Why a thread is replaced.
 *
 * - `exit`: it has ended, by `process.exit` for example.
 * - `uncaughtError`: an error has escaped a handler in it.
 * - `deadline`: an invocation of it was past its deadline.
 * - `outOfMemory`: its heap was over its limit.
 * - `recycled`: as `maxInvocationsPerThread` or `maxThreadHeapMb` says, or as `dev` has seen that the code has changed.
 * - `bootFailed`: it has not come up.
 */
export type ThreadEndCause =
  'exit' | 'uncaughtError' | 'deadline' | 'outOfMemory' | 'recycled' | 'bootFailed';

/** What the Runtime API's client tells. */
export interface RequestsObserver {
  /** Undefined when nobody wants to know. */
  sends(method: string, path: string): RequestObserver | undefined;
  retries(what: 'poll' | 'answer'): void;
  malformedEvent(): void;
}

export interface RequestObserver {
  answered(status: number): void;
  failed(error: Error): void;
}

/** What all modules report of what happens in them. No method throws. */
export interface Observer {
  readonly threads: ThreadsObserver;
  readonly requests: RequestsObserver;
  slot(index: number): SlotObserver;
}

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
  readonly delivery?: Exclude<DeliveryStatus, 'delivered'>;
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
