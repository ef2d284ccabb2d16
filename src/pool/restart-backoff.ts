import { clearTimeout, setTimeout } from '../builtins.ts';
import { ManagedRuntimeError } from '../errors.ts';
import type { Log } from '../logging/log.ts';
import { THREAD_SCHEDULE, delayAfter } from '../retry-schedule.ts';

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
