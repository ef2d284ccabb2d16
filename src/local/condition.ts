import { Promise } from '../builtins.ts';
import { onAbort } from '../waiting.ts';

/** Lets callers wait until a predicate is true. Code that changes the state must call {@link Condition.changed}. */
export class Condition {
  #waiters: Waiter[] = [];
  #abandoned: Error | undefined;

  /**
   * Resolves as soon as `holds()` is true.
   *
   * Rejects with the signal's reason when it aborts, and with the error given to {@link Condition.abandon}.
   */
  until(holds: () => boolean, signal?: AbortSignal): Promise<void> {
    if (holds()) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // A caller that no longer awaits the promise must not cause an unhandled rejection when the server closes.
    promise.catch(() => {});
    if (this.#abandoned !== undefined) reject(this.#abandoned);
    else if (signal?.aborted) reject(signal.reason);
    else this.#waiters.push(waiter(holds, resolve, reject, signal));
    return promise;
  }

  /** Resolves the waiters whose predicate has become true. */
  changed(): void {
    if (this.#waiters.length === 0) return;
    this.#waiters = this.#waiters.filter((each) => each.pending && !each.resolveIfTrue());
  }

  /** Rejects all current and future waiters. */
  abandon(error: Error): void {
    this.#abandoned = error;
    for (const each of this.#waiters.splice(0)) each.fail(error);
  }
}

interface Waiter {
  readonly pending: boolean;
  resolveIfTrue(): boolean;
  fail(reason: unknown): void;
}

function waiter(
  holds: () => boolean,
  resolve: () => void,
  reject: (reason: unknown) => void,
  signal: AbortSignal | undefined,
): Waiter {
  let pending = true;
  const end = (settle: () => void): void => {
    pending = false;
    removeListener?.();
    settle();
  };
  const removeListener = signal && onAbort(signal, () => end(() => reject(signal.reason)));
  return {
    get pending() {
      return pending;
    },
    resolveIfTrue() {
      if (!holds()) return false;
      end(resolve);
      return true;
    },
    fail: (reason) => end(() => reject(reason)),
  };
}
