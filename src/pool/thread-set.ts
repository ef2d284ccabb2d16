import type { ThreadMetrics } from '../observability/thread-metrics.ts';
import type { PoolThread } from './pool-thread.ts';
import type { ThreadState } from './thread-state.ts';

/** The threads that have not exited, in the order in which they were started. */
export class ThreadSet {
  readonly #threads = new Set<PoolThread>();

  /** Includes threads that have ended but not exited. */
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

  /** The threads that have not ended. */
  running(): PoolThread[] {
    return [...this.#threads].filter(({ state }) => state !== 'ended');
  }

  /** Whether a retired thread holds an invocation that has no answer yet. Each has one at its deadline at the latest. */
  get answersInRetirement(): boolean {
    return this.in('retiring').some(({ invocations }) => [...invocations].some(({ answered }) => !answered));
  }

  metrics(): ThreadMetrics[] {
    return this.running().map((thread) => thread.metrics());
  }

  /** The ready thread that holds the fewest invocations, if it holds fewer than `limit`. */
  leastLoaded(limit: number): PoolThread | undefined {
    let candidate: PoolThread | undefined;
    for (const thread of this.#threads) {
      if (thread.state !== 'ready') continue;
      const load = thread.invocations.size;
      if (load === 0) return thread;
      if (load < (candidate?.invocations.size ?? limit)) candidate = thread;
    }
    return candidate;
  }
}
