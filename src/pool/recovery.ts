import { ManagedRuntimeError } from '../errors.ts';
import { THREAD_SCHEDULE, delayAfter } from '../retry-schedule.ts';

/**
 * What is done about threads that do not come up: they are tried again, later each time, and the pool is given up when
 * it has been without any for too long.
 */
export class Recovery {
  readonly #timeoutMs: number;
  readonly #onHopeless: (error: ManagedRuntimeError) => void;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #hopeless: NodeJS.Timeout | undefined;

  constructor(timeoutMs: number, onHopeless: (error: ManagedRuntimeError) => void) {
    this.#timeoutMs = timeoutMs;
    this.#onHopeless = onHopeless;
  }

  /** No thread should be started before the next try. */
  get waits(): boolean {
    return this.#retry !== undefined;
  }

  /** Is there something that {@link succeeded} would end? */
  get isUnderWay(): boolean {
    return this.#failures > 0 || this.#hopeless !== undefined;
  }

  /** A thread has come up, and has shown that it lives. */
  succeeded(): void {
    this.#failures = 0;
    clearTimeout(this.#hopeless);
    this.#hopeless = undefined;
  }

  /** A thread has not come up, or not for long. Returns how many in a row that makes, and in how many ms the next one is tried. */
  failed(tryAgain: () => void): { readonly failures: number; readonly delayMs: number } {
    this.#failures += 1;
    const delayMs = Math.round(delayAfter(this.#failures, THREAD_SCHEDULE) ?? 0);
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      tryAgain();
    }, delayMs);
    return { failures: this.#failures, delayMs };
  }

  /** There is a reason to hope that the next thread comes up. */
  stopWaiting(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
  }

  /** The last thread is gone. */
  lostAll(): void {
    this.#hopeless ??= setTimeout(() => {
      const message = `No worker thread could be brought up for ${this.#timeoutMs} ms. See the log for what their starts met.`;
      this.#onHopeless(new ManagedRuntimeError('NO_THREADS', message));
    }, this.#timeoutMs);
  }

  stop(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#hopeless);
  }
}

/** A thread that lives for that long, or is given an invocation, has come up. */
export const PROBATION_MS = 1_000;
