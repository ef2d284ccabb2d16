import type { ResourceLimits } from 'node:worker_threads';
import type { PoolThread } from './pool-thread.ts';

/**
 * Ends a thread whose heap has grown past its limit.
 *
 * V8's own limit cannot be left to do that: it ends the thread if the heap grows in small steps, but a step larger than
 * its leeway of 16 MiB (a large array, a Map that grows) aborts the whole process. So V8 gets a limit that is out of
 * reach for a while, and in that while the heaps are looked at from outside, which works on a thread that spins.
 */
export class HeapGuard {
  readonly #limitMiB: number | undefined;
  readonly #threads: () => readonly PoolThread[];
  readonly #onExceeded: (thread: PoolThread) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    { maxOldGenerationSizeMb }: ResourceLimits,
    threads: () => readonly PoolThread[],
    onExceeded: (thread: PoolThread) => void,
  ) {
    this.#limitMiB = maxOldGenerationSizeMb;
    this.#threads = threads;
    this.#onExceeded = onExceeded;
  }

  start(): void {
    if (this.#limitMiB === undefined) return;
    this.#timer = setInterval(() => void this.#look(), INTERVAL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** No heap can be past the limit while the whole process is below it, and that costs next to nothing to know. */
  async #look(): Promise<void> {
    const limitMiB = this.#limitMiB ?? Infinity;
    if (process.memoryUsage.rss() < limitMiB * MIB) return;
    const busy = this.#threads().filter((thread) => thread.runs.size > 0);
    await Promise.all(
      busy.map(async (thread) => {
        if ((await thread.heapMiB()) > limitMiB) this.#onExceeded(thread);
      }),
    );
  }
}

/** What V8 is told, so that the guard comes first. */
export function hardLimits(limits: ResourceLimits): ResourceLimits {
  const { maxOldGenerationSizeMb: limitMb } = limits;
  return limitMb === undefined ? limits : { ...limits, maxOldGenerationSizeMb: limitMb * 2 + 512 };
}

const MIB = 1024 * 1024;

/** A heap grows by about 100 MiB in that time at worst. */
const INTERVAL_MS = 50;
