import { Promise } from '../builtins.ts';

/** Lets many wait until something holds; whoever changes it calls {@link Condition.changed}. */
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
    // One who no longer looks at it must not bring the process down when the server closes.
    promise.catch(() => {});
    if (this.#abandoned !== undefined) reject(this.#abandoned);
    else if (signal?.aborted) reject(signal.reason);
    else this.#waiters.push(waiter(holds, resolve, reject, signal));
    return promise;
  }

  /** Resolves all whose condition has come true. */
  changed(): void {
    if (this.#waiters.length === 0) return;
    this.#waiters = this.#waiters.filter((each) => each.open && !each.settleIfTrue());
  }

  /** Rejects all who wait, and all who will. */
  abandon(error: Error): void {
    this.#abandoned = error;
    for (const each of this.#waiters.splice(0)) each.fail(error);
  }
}

interface Waiter {
  readonly open: boolean;
  settleIfTrue(): boolean;
  fail(reason: unknown): void;
}

function waiter(
  holds: () => boolean,
  resolve: () => void,
  reject: (reason: unknown) => void,
  signal: AbortSignal | undefined,
): Waiter {
  let open = true;
  const leave = (settle: () => void): void => {
    open = false;
    signal?.removeEventListener('abort', aborted);
    settle();
  };
  const aborted = (): void => leave(() => reject(signal?.reason));
  signal?.addEventListener('abort', aborted, { once: true });
  return {
    get open() {
      return open;
    },
    settleIfTrue() {
      if (!holds()) return false;
      leave(resolve);
      return true;
    },
    fail: (reason) => leave(() => reject(reason)),
  };
}
