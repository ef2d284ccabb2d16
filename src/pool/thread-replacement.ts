import { Promise, clearTimeout, setTimeout } from '../builtins.ts';
import { ManagedRuntimeError } from '../errors.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { Log } from '../logging/log.ts';
import { THREAD_SCHEDULE, delayAfter } from '../retry-schedule.ts';
import type { PoolThread } from './pool-thread.ts';
import { InitFailure } from './thread-end.ts';

/** Decides which thread has served long enough. One goes at a time, after its replacement has come up. */
export class Recycling {
  readonly #mostInvocations: number | undefined;
  readonly #limits = new WeakMap<PoolThread, number>();
  #outgoing: PoolThread | undefined;

  constructor(mostInvocations: number | undefined) {
    this.#mostInvocations = mostInvocations;
  }

  /** Threads that are wanted on top of the ordinary number while one is being replaced. */
  get extra(): number {
    return this.#outgoing === undefined ? 0 : 1;
  }

  isDue(thread: PoolThread): boolean {
    if (this.#mostInvocations === undefined) return false;
    const limit = this.#limits.get(thread) ?? withJitter(this.#mostInvocations);
    this.#limits.set(thread, limit);
    return thread.started >= limit;
  }

  begin(thread: PoolThread): boolean {
    if (this.#outgoing !== undefined) return false;
    this.#outgoing = thread;
    return true;
  }

  /** A thread has come up: the one that it replaces, if it does. */
  replaced(): PoolThread | undefined {
    const outgoing = this.#outgoing;
    this.#outgoing = undefined;
    return outgoing;
  }

  forget(thread: PoolThread): void {
    if (this.#outgoing === thread) this.#outgoing = undefined;
  }
}

/** Knows which threads run code that has changed since. They serve until a thread has loaded the new code. */
export class Reloading {
  #freshFrom = 0;
  #pending: PromiseWithResolvers<void> | undefined;

  /** Threads that are wanted on top of the ordinary number until new code is loaded. */
  get extra(): number {
    return this.#pending === undefined ? 0 : 1;
  }

  /** @param nextId the id of the next thread that starts; all before it are outdated. */
  begin(nextId: number): Promise<void> {
    this.#freshFrom = nextId;
    this.#pending ??= Promise.withResolvers();
    return this.#pending.promise;
  }

  isOutdated(thread: PoolThread): boolean {
    return thread.id < this.#freshFrom;
  }

  /** A thread has loaded the new code. */
  succeed(): void {
    this.#pending?.resolve();
    this.#pending = undefined;
  }

  /** The new code cannot be loaded; false if no reload is under way. */
  fail(reason: EncodedDiagnostic): boolean {
    if (this.#pending === undefined) return false;
    this.#pending.reject(new InitFailure(reason));
    this.#pending = undefined;
    return true;
  }
}

/** Threads that started together should not end together. */
function withJitter(invocations: number): number {
  return Math.max(1, Math.round(invocations * (0.8 + Math.random() * 0.2)));
}

/** A thread that has not come up, and why. */
export interface BootFailure {
  readonly thread: number;
  readonly reason: EncodedDiagnostic;
}

interface BackoffActions {
  tryAgain(): void;
  giveUp(error: ManagedRuntimeError): void;
}

/**
 * Threads that do not come up are started again later each time. The pool is given up when it has been without any ready
 * thread for too long.
 */
export class RestartBackoff {
  readonly #timeoutMs: number;
  readonly #log: Log;
  readonly #actions: BackoffActions;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #giveUp: NodeJS.Timeout | undefined;

  constructor(timeoutMs: number, log: Log, actions: BackoffActions) {
    this.#timeoutMs = timeoutMs;
    this.#log = log;
    this.#actions = actions;
  }

  /** No thread should be started before the next try. */
  get isWaiting(): boolean {
    return this.#retry !== undefined;
  }

  /** Is there something that {@link succeeded} would end? */
  get isUnderWay(): boolean {
    return this.#failures > 0 || this.#giveUp !== undefined;
  }

  /** A thread has come up, and has shown that it lives. */
  succeeded(): void {
    this.#failures = 0;
    clearTimeout(this.#giveUp);
    this.#giveUp = undefined;
  }

  /** A thread has not come up, or not for long. The next one is tried in a while. */
  failed(thread: number, reason: object, message: string): void {
    this.#failures += 1;
    const delayMs = Math.round(delayAfter(this.#failures, THREAD_SCHEDULE) ?? 0);
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.#actions.tryAgain();
    }, delayMs);
    this.#log.error({ thread, failures: this.#failures, delayMs, ...reason }, `${message}, will retry`);
  }

  /** There is a reason to expect that the next thread comes up. */
  stopWaiting(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
  }

  /** To be called when no thread is ready any more. */
  startGiveUpTimer(): void {
    this.#giveUp ??= setTimeout(() => {
      const message = `No worker thread could be brought up for ${this.#timeoutMs} ms. See the log for what their starts met.`;
      this.#actions.giveUp(new ManagedRuntimeError('NO_THREADS', message));
    }, this.#timeoutMs);
  }

  stop(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#giveUp);
  }
}

/** A thread that lives for that long, or is given an invocation, has come up. */
export const PROBATION_MS = 1_000;
