import type { ThreadMetrics } from '../observability/thread-metrics.ts';
import type { PoolThread } from './pool-thread.ts';
import type { ThreadState } from './thread-start.ts';

/** The threads that are still there, in the order in which they were started. */
export class ThreadSet {
  readonly #threads = new Set<PoolThread>();

  /** All of them, those included that have ended and are not gone yet. */
  get size(): number {
    return this.#threads.size;
  }

  [Symbol.iterator](): Iterator<PoolThread> {
    return this.#threads.values();
  }

  add(thread: PoolThread): void {
    this.#threads.add(thread);
  }

  delete(thread: PoolThread): void {
    this.#threads.delete(thread);
  }

  in(state: ThreadState): PoolThread[] {
    return [...this.#threads].filter((thread) => thread.state === state);
  }

  /** Those that have not ended. */
  running(): PoolThread[] {
    return [...this.#threads].filter(({ state }) => state !== 'ended');
  }

  metrics(): ThreadMetrics[] {
    return this.running().map((thread) => thread.metrics());
  }

  /** The thread that takes the next invocation: the one that holds the fewest, if it holds fewer than `below`. */
  freest(below: number): PoolThread | undefined {
    let freest: PoolThread | undefined;
    for (const thread of this.#threads) {
      if (thread.state !== 'ready') continue;
      const load = thread.invocations.size;
      if (load === 0) return thread;
      if (load < (freest?.invocations.size ?? below)) freest = thread;
    }
    return freest;
  }
}
