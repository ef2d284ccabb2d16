import { Promise } from '../builtins.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import { InitFailure } from './thread-end.ts';
import type { PoolThread } from './pool-thread.ts';

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
