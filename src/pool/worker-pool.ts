import type { Invocation, Outcome } from '../invocation/invocation.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { ManagedRuntimeError } from '../errors.ts';
import type { InvocationObserver } from '../observability/observer.ts';
import type { ThreadMetrics } from '../observability/thread-metrics.ts';
import type { LoadedHandler } from '../protocol.ts';
import type { SharedState } from '../thread-settings.ts';

/** Runs invocations: in worker threads, or in the main thread in single mode. */
export interface WorkerPool {
  /**
   * Resolves when the first invocation can be taken. Rejects with an `InitFailure` if the handler does not load.
   * Modules that load before it cannot be called off: once stopped, it starts nothing and does not resolve.
   *
   * @param share called for each thread: makes what it is given of what all threads share.
   * @param mainThreadLoaded until it settles, the main thread loads its own modules and needs a core for that.
   */
  start(share: () => SharedState, mainThreadLoaded: Promise<unknown>): Promise<LoadedHandler>;

  /**
   * Resolves with true when a thread can take one more invocation, and reserves that until `release` or until the
   * invocation has settled; with false when the pool stops. A slot polls only with a reservation, so no event waits for a thread.
   */
  reserve(): Promise<boolean>;

  /** Gives a reservation back that was not used. */
  release(): void;

  /** Runs an invocation, for which a reservation was made. Whatever happens, its outcome comes. */
  run(invocation: Invocation, record: InvocationObserver): InvocationHandle;

  /** Refuses all reservations from now on, those that wait included. */
  close(): void;

  /**
   * Answers what has not been answered in full with an error, and what still arrives as well. Its invocations settle, whatever their
   * handlers do. Background work of answered invocations goes on.
   */
  abandon(diagnostic: EncodedDiagnostic): void;

  /** The threads as they are now. */
  threads(): readonly ThreadMetrics[];

  /** Closes, and runs the handler's shutdown hooks, once, for at most that many ms. */
  runHooks(withinMs: number): Promise<void>;

  /**
   * Closes, and lets the threads end. Resolves when all have ended: one that is blocked, or whose native work takes long, may
   * take long as well. It does not keep the process, which ends without waiting for threads.
   */
  stop(): Promise<void>;

  /** Resolves when the pool can no longer do its work. The environment should be replaced. */
  readonly failed: Promise<ManagedRuntimeError>;
}

/** One invocation on its way. Neither promise rejects. */
export interface InvocationHandle {
  /** What to answer. */
  readonly outcome: Promise<Outcome>;
  /** The invocation no longer occupies its thread. Later than the outcome when the handler outlives its deadline. */
  readonly settled: Promise<void>;
}
