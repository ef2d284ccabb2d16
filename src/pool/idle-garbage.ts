import { monotonicMs } from '../invocation/time.ts';
import type { ThreadMemory } from './memory-pressure.ts';
import type { PoolThread } from './pool-thread.ts';

/**
 * Has idle threads collect their garbage while the process is close to the function's memory. V8 collects only when code
 * allocates: without this, the garbage of idle threads would leave less memory to the busy ones, and could end one of them.
 */
export class IdleGarbage {
  /** The number of invocations that each thread had started when it last collected its garbage. */
  readonly #collectedAfter = new WeakMap<PoolThread, number>();
  #lastMs = 0;

  /** Has one thread collect: the idle one that holds the most memory, of those that ran code since their last collection. */
  collect(threads: readonly PoolThread[], held: ReadonlyMap<PoolThread, ThreadMemory>): void {
    const now = monotonicMs();
    if (now - this.#lastMs < INTERVAL_MS) return;
    const memory = (thread: PoolThread) =>
      (held.get(thread)?.heapMiB ?? 0) + (held.get(thread)?.externalMiB ?? 0);
    const [largest] = threads
      .filter((thread) => thread.isIdle && this.#collectedAfter.get(thread) !== thread.started)
      .toSorted((one, other) => memory(other) - memory(one));
    if (largest === undefined) return;
    this.#lastMs = now;
    this.#collectedAfter.set(largest, largest.started);
    largest.send({ type: 'collect-garbage' });
  }
}

/** A collection takes up to some 100 ms of a core. */
const INTERVAL_MS = 1_000;
