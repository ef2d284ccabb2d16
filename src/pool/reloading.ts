import { InitFailure } from './init-failure.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { PoolThread } from './pool-thread.ts';

/** Knows which threads run code that has changed since. They serve until a thread has loaded the new code. */
export class Reloading {
  #freshFrom = 0;
  #pending: PromiseWithResolvers<void> | undefined;

  /** Threads that are wanted on top of the ordinary number until new code is loaded. */
  get extra(): number {
    return this.#pending === undefined ? 0 : 1;
  }

  /** @param nextId what the next thread that starts is called; all before it are outdated. */
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
