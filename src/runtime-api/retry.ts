import { sleep } from '../builtins.ts';
import { ManagedRuntimeError } from '../errors.ts';
import type { Log } from '../logging/log.ts';
import type { RequestsObserver } from '../observability/observer.ts';
import { DESCRIPTOR_SCHEDULE, POLL_SCHEDULE, delayAfter } from '../retry-schedule.ts';

/** Why a poll has failed. */
export interface PollFault {
  readonly reason: string;
  /** No connection could be opened, because this process may open nothing more: other slots can be served meanwhile. */
  readonly outOfDescriptors: boolean;
}

/** What one slot does after polls that failed: it waits, longer each time, and at last gives the Runtime API up. */
export class PollBackoff {
  readonly #runtimeApi: string;
  readonly #log: Log;
  readonly #observer: RequestsObserver;
  readonly #othersConnected: () => boolean;
  #failures = 0;
  #fault: PollFault | undefined;

  /** @param othersConnected whether another slot reaches the Runtime API: then it is not given up. */
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

  failed(fault: PollFault): void {
    this.#failures += 1;
    this.#fault = fault;
  }

  /**
   * Resolves when the next poll may be tried, or the signal has aborted.
   *
   * @throws ManagedRuntimeError `RUNTIME_API_UNREACHABLE` when all tries have failed.
   */
  async wait(stop: AbortSignal): Promise<void> {
    if (this.#fault === undefined || stop.aborted) return;
    const { reason, outOfDescriptors } = this.#fault;
    const delayMs = this.#delayMs(outOfDescriptors ? DESCRIPTOR_SCHEDULE : POLL_SCHEDULE);
    if (delayMs === undefined) throw this.#unreachable(reason);
    // Hundreds of slots can be without a descriptor for long.
    if (!outOfDescriptors || isPowerOfTwo(this.#failures)) {
      const fields = { failures: this.#failures, delayMs: Math.round(delayMs), reason };
      this.#log.warn(fields, 'Polling failed, will retry');
    }
    this.#observer.retries('poll');
    await wait(delayMs, stop);
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
      `The Runtime API at ${this.#runtimeApi} did not hand out an event in ${this.#failures} tries; the last one: ${reason}.`,
    );
  }
}

function isPowerOfTwo(count: number): boolean {
  return Math.log2(count) % 1 === 0;
}

/** Waits that many ms, or less if the signal aborts; says whether the time has passed. */
export async function wait(ms: number, signal?: AbortSignal): Promise<boolean> {
  return sleep(ms, true, signal === undefined ? {} : { signal }).catch(() => false);
}
