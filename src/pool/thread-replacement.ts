import { Promise, clearTimeout, setTimeout } from '../builtins.ts';
import { ManagedRuntimeError } from '../errors.ts';
import { decodeDiagnostic } from '../invocation/diagnostic.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { Log } from '../logging/log.ts';
import { THREAD_SCHEDULE, delayAfter } from '../retry-schedule.ts';
import type { PoolThread } from './pool-thread.ts';
import { InitFailure } from './init-failure.ts';

/** Decides when a thread is recycled. One thread is recycled at a time, after its replacement is ready. */
export class Recycling {
  readonly #maxInvocations: number | undefined;
  readonly #limits = new WeakMap<PoolThread, number>();
  #outgoing: PoolThread | undefined;

  constructor(maxInvocations: number | undefined) {
    this.#maxInvocations = maxInvocations;
  }

  /** The number of additional threads needed while a thread is being replaced. */
  get extra(): number {
    return this.#outgoing === undefined ? 0 : 1;
  }

  isDue(thread: PoolThread): boolean {
    if (this.#maxInvocations === undefined) return false;
    const limit = this.#limits.get(thread) ?? withJitter(this.#maxInvocations);
    this.#limits.set(thread, limit);
    return thread.started >= limit;
  }

  /** Returns false if another thread is already being recycled. */
  begin(thread: PoolThread): boolean {
    if (this.#outgoing !== undefined) return false;
    this.#outgoing = thread;
    return true;
  }

  /** Ends the current recycling; returns the thread to retire, if there is one. */
  takeOutgoing(): PoolThread | undefined {
    const outgoing = this.#outgoing;
    this.#outgoing = undefined;
    return outgoing;
  }

  forget(thread: PoolThread): void {
    if (this.#outgoing === thread) this.#outgoing = undefined;
  }
}

/** Tracks which threads run outdated code. They serve until a thread has loaded the new code. */
export class Reloading {
  #firstCurrentId = 0;
  #pending: PromiseWithResolvers<void> | undefined;

  /** The number of additional threads needed until the new code is loaded. */
  get extra(): number {
    return this.#pending === undefined ? 0 : 1;
  }

  /** @param nextId the id of the next thread to start; threads with lower ids are outdated. */
  begin(nextId: number): Promise<void> {
    this.#firstCurrentId = nextId;
    this.#pending ??= Promise.withResolvers();
    return this.#pending.promise;
  }

  isOutdated(thread: PoolThread): boolean {
    return thread.id < this.#firstCurrentId;
  }

  /** Must be called when a thread has loaded the new code. */
  succeed(): void {
    this.#pending?.resolve();
    this.#pending = undefined;
  }

  /** Must be called when the new code cannot be loaded. Returns false if no reload is in progress. */
  fail(diagnostic: EncodedDiagnostic): boolean {
    if (this.#pending === undefined) return false;
    this.#pending.reject(new InitFailure(diagnostic));
    this.#pending = undefined;
    return true;
  }
}

/** Keeps threads that started together from being recycled together. */
function withJitter(invocations: number): number {
  return Math.max(1, Math.round(invocations * (0.8 + Math.random() * 0.2)));
}

/** A thread that failed to start, and why. */
export interface StartFailure {
  readonly thread: number;
  readonly diagnostic: EncodedDiagnostic;
}

interface BackoffActions {
  tryAgain(): void;
  giveUp(error: ManagedRuntimeError): void;
}

/**
 * Delays the restart of threads that fail to start, longer after each failure. Gives up when the pool has had no ready
 * thread for the timeout.
 */
export class RestartBackoff {
  readonly #timeoutMs: number;
  readonly #log: Log;
  readonly #actions: BackoffActions;
  #failures = 0;
  /** The highest id of a thread that has been started, now and at the last failure. */
  #newest = 0;
  #newestAtFailure = 0;
  #retry: NodeJS.Timeout | undefined;
  #delayMs = 0;
  #giveUp: NodeJS.Timeout | undefined;

  constructor(timeoutMs: number, log: Log, actions: BackoffActions) {
    this.#timeoutMs = timeoutMs;
    this.#log = log;
    this.#actions = actions;
  }

  /** Whether the manager must wait before it starts another thread. */
  get isWaiting(): boolean {
    return this.#retry !== undefined;
  }

  /** Must be called when a thread is started. */
  starts(thread: number): void {
    this.#newest = thread;
  }

  /** Must be called when a thread has passed its probation or run an invocation. */
  succeeded(thread: number): void {
    clearTimeout(this.#giveUp);
    this.#giveUp = undefined;
    // Only a thread that was started after the last failure shows that its cause is gone.
    if (thread > this.#newestAtFailure) this.#failures = 0;
  }

  /** Must be called when a thread failed to start. Schedules the next attempt. */
  startFailed({ thread, diagnostic }: StartFailure): void {
    this.failed(thread, decodeDiagnostic(diagnostic), 'A thread did not start');
  }

  /** Must be called when a thread failed to pass its probation. Schedules the next attempt. */
  failed(thread: number, fields: object, message: string): void {
    this.#newestAtFailure = this.#newest;
    // Threads that fail together are one failure.
    if (!this.isWaiting) this.#scheduleRetry();
    const wait = { failures: this.#failures, delayMs: this.#delayMs };
    this.#log.error({ thread, ...wait, ...fields }, `${message}, will retry`);
  }

  #scheduleRetry(): void {
    this.#failures += 1;
    this.#delayMs = Math.round(delayAfter(this.#failures, THREAD_SCHEDULE) ?? 0);
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#actions.tryAgain();
    }, this.#delayMs);
  }

  /** Allows the next start at once, for example because the code has changed. */
  stopWaiting(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
  }

  /** Must be called when no thread is ready. */
  startGiveUpTimer(): void {
    this.#giveUp ??= setTimeout(() => {
      this.#giveUp = undefined;
      const message = `No worker thread could be started for ${this.#timeoutMs} ms. See the log for the errors.`;
      this.#actions.giveUp(new ManagedRuntimeError('NO_THREADS', message));
    }, this.#timeoutMs);
  }

  stop(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#giveUp);
  }
}

/** A thread that stays ready for this time, or runs an invocation, counts as successfully started. */
export const PROBATION_MS = 1_000;
