import type { Config } from '../config/config.ts';
import { diagnostic } from '../invocation/diagnostic.ts';
import type { Diagnostic } from '../invocation/diagnostic.ts';

/** Memory that a thread holds, in MiB. */
export interface ThreadMemory {
  /** JavaScript objects, including garbage. */
  readonly heapMiB: number;
  /** Buffers, typed arrays and other memory outside the heap that V8 accounts for. Excludes shared memory. */
  readonly externalMiB: number;
}

/**
 * Decides when to terminate a thread so that Lambda does not kill the process, and every invocation with it, for exceeding
 * the function's memory.
 *
 * Only a thread that holds at least half of an equal share of the function's memory is terminated. If no thread does, most of the
 * memory belongs to native code or the main thread, and terminating threads would not free that memory.
 */
export class MemoryPressure {
  readonly #memoryMiB: number;
  readonly #minimumThreadMiB: number;
  /** The smallest size of the process since a thread was last terminated for memory pressure. */
  #floorMiB = -Infinity;

  constructor({ memoryMiB = Infinity, threads }: Config) {
    this.#memoryMiB = memoryMiB;
    this.#minimumThreadMiB = memoryMiB / threads / 2;
  }

  /** Whether idle threads should collect their garbage. */
  isHigh(processMiB: number): boolean {
    return processMiB > this.#memoryMiB * HIGH;
  }

  isOver(processMiB: number): boolean {
    return processMiB > this.#memoryMiB * LIMIT;
  }

  /**
   * The allocator may keep the memory of a terminated thread. The process must therefore grow again before the next thread
   * is terminated.
   */
  mustTerminate(processMiB: number): boolean {
    this.#floorMiB = Math.min(this.#floorMiB, processMiB);
    return this.isOver(processMiB) && processMiB > this.#floorMiB + this.#memoryMiB * REGROWTH;
  }

  /** The thread to terminate, or undefined. `held` has the memory of each thread. */
  chooseThread<Thread>(held: ReadonlyMap<Thread, ThreadMemory>): Thread | undefined {
    const [largest] = [...held].toSorted(([, one], [, other]) => total(other) - total(one));
    return largest !== undefined && total(largest[1]) >= this.#minimumThreadMiB ? largest[0] : undefined;
  }

  /** Must be called after a thread has been terminated, with the new size of the process. */
  relieved(processMiB: number): void {
    this.#floorMiB = processMiB;
  }

  /** The error for the invocations of the terminated thread. */
  describe(processMiB: number, { heapMiB, externalMiB }: ThreadMemory): Diagnostic {
    const [ranOut, largest] =
      heapMiB > externalMiB
        ? ['heap memory', `a heap of ${Math.round(heapMiB)} MiB`]
        : ['memory for Buffers and typed arrays', `${Math.round(externalMiB)} MiB of them`];
    return diagnostic(
      'Runtime.OutOfMemory',
      `The worker thread ran out of ${ranOut}. Give the function more memory, run fewer invocations at once, or hold ` +
        `less data at a time: the process uses ${Math.round(processMiB)} of ${this.#memoryMiB} MiB, and this thread, ` +
        `with ${largest}, uses the most.`,
    );
  }
}

function total({ heapMiB, externalMiB }: ThreadMemory): number {
  return heapMiB + externalMiB;
}

/** The fraction of the function's memory at which idle threads collect their garbage. */
const HIGH = 0.8;

/** The fraction of the function's memory at which a thread is terminated. The rest covers growth until the thread has exited. */
const LIMIT = 0.95;

/** The fraction of the function's memory by which the process must grow before the next thread is terminated. */
const REGROWTH = 0.02;
