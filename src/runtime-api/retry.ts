import { ManagedRuntimeError } from '../errors.ts';
import type { Log } from '../logging/log.ts';
import type { RequestsObserver } from '../observability/observer.ts';
import { DESCRIPTOR_SCHEDULE, POLL_SCHEDULE, delayAfter } from '../retry-schedule.ts';
import { sleepUnlessAborted } from '../waiting.ts';

/** Why a poll failed. */
export interface PollFault {
  readonly reason: string;
  /** Whether the process is out of file descriptors. Slots that are connected continue to serve. */
  readonly outOfDescriptors: boolean;
}

/** A poll that has been open for this time has reached the service, whatever ended it. */
export const REACHED_AFTER_MS = 10_000;

/** The backoff of one slot after failed polls. After too many failures it reports the Runtime API as unreachable. */
export class PollBackoff {
  readonly #runtimeApi: string;
  readonly #log: Log;
  readonly #observer: RequestsObserver;
  readonly #othersConnected: () => boolean;
  #failures = 0;
  #fault: PollFault | undefined;

  /** @param othersConnected whether another slot reaches the Runtime API; then this slot keeps retrying. */
  constructor(runtimeApi: string, log: Log, observer: RequestsObserver, othersConnected: () => boolean) {
    this.#runtimeApi = runtimeApi;
    this.#log = log;
    this.#observer = observer;
    this.#othersConnected = othersConnected;
  }

  get hasFailed(): boolean {
    return this.#failures > 0;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#fault = undefined;
  }

  /** @param openMs how long the poll was open at the Runtime API, in ms. */
  failed(fault: PollFault, openMs: number): void {
    if (openMs >= REACHED_AFTER_MS) this.succeeded();
    this.#failures += 1;
    this.#fault = fault;
  }

  /**
   * Resolves with true when the next poll may be sent, and with false when the signal has aborted.
   *
   * @throws ManagedRuntimeError `RUNTIME_API_UNREACHABLE` when all tries have failed.
   */
  async wait(stop: AbortSignal): Promise<boolean> {
    if (this.#fault === undefined || stop.aborted) return !stop.aborted;
    const { reason, outOfDescriptors } = this.#fault;
    const delayMs = this.#delayMs(outOfDescriptors ? DESCRIPTOR_SCHEDULE : POLL_SCHEDULE);
    if (delayMs === undefined) throw this.#unreachable(reason);
    // Limits the log volume when hundreds of slots lack a descriptor for a long time.
    if (!outOfDescriptors || isPowerOfTwo(this.#failures)) {
      const fields = { failures: this.#failures, delayMs: Math.round(delayMs), reason };
      this.#log.warn(fields, 'Polling failed, will retry');
    }
    this.#observer.retries('poll');
    return sleepUnlessAborted(delayMs, stop);
  }

  #delayMs(schedule: typeof POLL_SCHEDULE): number | undefined {
    const delayMs = delayAfter(this.#failures, schedule);
    return delayMs === undefined && this.#othersConnected()
      ? delayAfter(schedule.tries - 1, schedule)
      : delayMs;
  }

  #unreachable(reason: string): ManagedRuntimeError {
    return new ManagedRuntimeError(
      'RUNTIME_API_UNREACHABLE',
      `The Runtime API at ${this.#runtimeApi} did not return an event in ${this.#failures} tries; the last error: ${reason}.`,
    );
  }
}

function isPowerOfTwo(count: number): boolean {
  return Math.log2(count) % 1 === 0;
}
