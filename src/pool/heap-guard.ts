import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import type { ResourceLimits } from 'node:worker_threads';
import type { Config } from '../config.ts';
import type { PoolThread } from './pool-thread.ts';

/**
 * Ends a thread whose heap has outgrown its limit.
 *
 * V8's own limit cannot be left to do that: it ends the thread if the heap grows in small steps, but a step larger than
 * its leeway of 16 MiB (a large array, a Map that grows) aborts the whole process. So V8 gets a limit that is out of
 * reach for a while, and in that while the heaps are looked at from outside, which works on a thread that spins.
 *
 * What is seen from outside includes garbage. A heap is certainly over its limit when it is larger than garbage can
 * make it before V8 collects; one that may be over it is ended only when the process is about to be killed for its size.
 */
export class HeapGuard {
  readonly #limitMiB: number | undefined;
  readonly #processLimitMiB: number;
  readonly #threads: () => readonly PoolThread[];
  readonly #onExceeded: (thread: PoolThread) => void;
  #timer: NodeJS.Timeout | undefined;
  /** What each busy thread's heap held when it last said so, in MiB. */
  #heaps = new Map<PoolThread, number>();
  /** Threads that have not answered yet: native code of a handler can keep one from it for seconds. */
  readonly #asked = new WeakSet<PoolThread>();
  /** The smallest that the process has been since the heaps were last looked at. */
  #smallestMiB = 0;
  #skipped = 0;

  constructor(
    config: Config,
    threads: () => readonly PoolThread[],
    onExceeded: (thread: PoolThread) => void,
  ) {
    this.#limitMiB = config.resourceLimits.maxOldGenerationSizeMb;
    this.#processLimitMiB = (config.memoryMiB ?? Infinity) * 0.95;
    this.#threads = threads;
    this.#onExceeded = onExceeded;
  }

  start(): void {
    if (this.#limitMiB === undefined) return;
    setFlagsFromString(`--heap-growing-percent=${GARBAGE_PERCENT}`);
    this.#timer = setInterval(() => void this.#look(this.#limitMiB ?? Infinity), INTERVAL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(limitMiB: number): Promise<void> {
    const processMiB = process.memoryUsage.rss() / MIB;
    if (!this.#worthwhile(processMiB, limitMiB)) return;
    this.#smallestMiB = processMiB;
    this.#skipped = 0;
    const busy = this.#threads().filter((thread) => thread.runs.size > 0);
    this.#heaps = new Map([...this.#heaps].filter(([thread]) => busy.includes(thread)));
    const answers = busy
      .filter((thread) => !this.#asked.has(thread))
      .map((thread) => this.#ask(thread, limitMiB));
    if (processMiB <= this.#processLimitMiB) return;
    // Who does not answer soon is not waited for.
    await Promise.race([Promise.all(answers), setTimeout(INTERVAL_MS, undefined, { ref: false })]);
    const [largest] = [...this.#heaps].toSorted(([, one], [, other]) => other - one);
    if (largest !== undefined && largest[1] > limitMiB) this.#onExceeded(largest[0]);
  }

  async #ask(thread: PoolThread, limitMiB: number): Promise<void> {
    this.#asked.add(thread);
    const sizeMiB = await thread.heapMiB();
    this.#asked.delete(thread);
    this.#heaps.set(thread, sizeMiB);
    if (sizeMiB > withGarbage(limitMiB)) this.#onExceeded(thread);
  }

  /**
   * To look at a heap interrupts its thread, and the size of the process costs next to nothing to know. While that is
   * below the limit no heap can be over it, and a heap that was far from it can have come near only if the process has grown,
   * or if others have shrunk: hence now and then in any case.
   */
  #worthwhile(processMiB: number, limitMiB: number): boolean {
    if (processMiB < limitMiB) return false;
    this.#smallestMiB = Math.min(this.#smallestMiB, processMiB);
    this.#skipped += 1;
    return (
      processMiB - this.#smallestMiB > GROWTH_MIB ||
      Math.max(0, ...this.#heaps.values()) > withGarbage(limitMiB) / 2 ||
      processMiB > this.#processLimitMiB ||
      this.#skipped > MOST_SKIPPED
    );
  }
}

/** What V8 is told, so that the guard comes first. */
export function hardLimits(limits: ResourceLimits): ResourceLimits {
  const { maxOldGenerationSizeMb: limitMb } = limits;
  return limitMb === undefined ? limits : { ...limits, maxOldGenerationSizeMb: limitMb * 3 + 1024 };
}

/** V8 starts to collect when a heap has grown by that much since the last time; without it that can be 300 %. */
const GARBAGE_PERCENT = 50;

/**
 * While V8 marks, the heap grows on: measured, to twice its live size, and the new generation comes on top. Before its
 * first collection it grows to some 150 MiB, however little of that is live.
 */
function withGarbage(limitMiB: number): number {
  return Math.max(limitMiB * 2.2, 256) + 32;
}

const MIB = 1024 * 1024;

/** A heap grows by about 100 MiB in that time at worst. */
const INTERVAL_MS = 50;

/** A heap last seen at less than half of its limit is at least four times that away from it. */
const GROWTH_MIB = 32;

/** About a second. */
const MOST_SKIPPED = 20;
