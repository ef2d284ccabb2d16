import type { Invocation, Outcome } from '../invocation/invocation.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { ManagedRuntimeError } from '../errors.ts';
import type { InvocationObserver } from '../observability/observer.ts';
import type { ThreadMetrics } from '../observability/thread-metrics.ts';
import type { LoadedHandler } from '../protocol.ts';
import type { SharedState } from '../thread-settings.ts';
import type { ProfiledThread } from './profiled-thread.ts';

/** Runs invocations in worker threads, or on the main thread in single mode. */
export interface WorkerPool {
  /**
   * Starts the handler; resolves when the first invocation can be taken. Rejects with an `InitFailure` if the handler does
   * not load. If the pool is stopped during the start, no thread starts and the promise stays pending, because loading
   * modules cannot be cancelled.
   *
   * @param share called once for each thread; returns the thread's access to services and shared data.
   * @param mainThreadLoaded settles when the main thread has loaded its own modules, for which it needs a core.
   */
  start(share: () => SharedState, mainThreadLoaded: Promise<unknown>): Promise<LoadedHandler>;

  /**
   * Reserves capacity for one invocation until `cancelReservation` is called or the invocation has settled. Resolves with true once
   * capacity is reserved, with false when the pool stops. A slot polls only with a reservation, so an event waits only if its
   * thread was lost meanwhile.
   */
  reserve(): Promise<boolean>;

  /** Gives back a reservation that was not used. */
  cancelReservation(): void;

  /** Runs an invocation for which capacity has been reserved. Its outcome always resolves. */
  run(invocation: Invocation, record: InvocationObserver): InvocationHandle;

  /** Refuses waiting and later reservations. */
  close(): void;

  /**
   * Answers all invocations that have not been answered in full, and all that arrive later, with an error. These
   * invocations settle even if their handlers still run: immediately, or when their response stream has closed. Background
   * work of answered invocations goes on.
   */
  abandon(diagnostic: EncodedDiagnostic): void;

  /** Metrics of the current threads; empty in single mode. */
  threads(): readonly ThreadMetrics[];

  /** The main thread and the running worker threads, to profile them. */
  profiledThreads(): readonly ProfiledThread[];

  /** Closes the pool and runs the handler's shutdown hooks once, for at most `withinMs`. */
  runHooks(withinMs: number): Promise<void>;

  /**
   * Closes the pool and ends the threads. Resolves when all have exited, which blocked threads and native work can delay. The
   * process does not wait for the threads when it exits.
   */
  stop(): Promise<void>;

  /** Resolves when the pool can no longer run invocations and the environment should be replaced. */
  readonly failed: Promise<ManagedRuntimeError>;
}

/** An invocation that is running in the pool. Neither promise rejects. */
export interface InvocationHandle {
  /** The response or error to post. */
  readonly outcome: Promise<Outcome>;
  /**
   * Resolves when the invocation no longer occupies its thread: later than the outcome if the handler, background work or
   * the response stream is still in progress.
   */
  readonly settled: Promise<void>;
}
