import type { ThreadMemory } from './memory-pressure.ts';

/** A thread that can collect its garbage. */
export interface CollectingThread {
  /** Whether it is ready and holds no invocation. */
  readonly isIdle: boolean;
  send(message: { readonly type: 'collect-garbage' }): void;
}

/**
 * Has idle threads collect their garbage while the process is close to the function's memory. V8 collects only when code
 * allocates: without this, the garbage of idle threads would leave less memory to the busy ones, and could end one of them.
 *
 * A collection blocks the thread for some milliseconds for each MiB that stays in use. A thread therefore collects again only
 * when it has gained half as much as it then held.
 */
export class IdleGarbage {
  /** The least memory that each thread has held since its last collection, in MiB. */
  readonly #floorsMiB = new WeakMap<CollectingThread, number>();
  #lastMs = -Infinity;

  /**
   * Has the idle thread with the most possible garbage collect. At most one thread a second.
   *
   * @param nowMs on the clock of `monotonicMs()`.
   */
  collect<Thread extends CollectingThread>(measured: ReadonlyMap<Thread, ThreadMemory>, nowMs: number): void {
    if (nowMs - this.#lastMs < INTERVAL_MS) return;
    const threads = [...measured].map(([thread, { heapMiB, externalMiB }]) =>
      this.#possibleGarbage(thread, heapMiB + externalMiB),
    );
    const [most] = threads
      .filter(
        ({ thread, garbageMiB, floorMiB }) => thread.isIdle && garbageMiB > Math.max(MIN_MIB, floorMiB / 2),
      )
      .toSorted((one, other) => other.garbageMiB - one.garbageMiB);
    if (most === undefined) return;
    this.#lastMs = nowMs;
    // Infinity: the next measurement becomes the new floor.
    this.#floorsMiB.set(most.thread, Infinity);
    most.thread.send({ type: 'collect-garbage' });
  }

  #possibleGarbage<Thread extends CollectingThread>(thread: Thread, heldMiB: number) {
    const floorMiB = Math.min(this.#floorsMiB.get(thread) ?? 0, heldMiB);
    this.#floorsMiB.set(thread, floorMiB);
    return { thread, floorMiB, garbageMiB: heldMiB - floorMiB };
  }
}

const INTERVAL_MS = 1_000;

/** Less garbage is not worth a collection. */
const MIN_MIB = 16;
