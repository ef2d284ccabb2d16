/** All that the pool expects of piscina and of its worker; test/piscina-worker.test.ts holds it to that. */
import type { Transferable, Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { ResourceLimits } from 'node:worker_threads';
import { Promise } from '../builtins.ts';
import type { ThreadMemory } from './memory-pressure.ts';
import type { ThreadEnd } from './thread-end.ts';

export interface WorkerStart {
  /** The module whose export `serve` is called in the thread. */
  readonly entry: string;
  /** What it is called with. */
  readonly settings: object;
  readonly transfer: readonly Transferable[];
  readonly resourceLimits: ResourceLimits;
}

/**
 * A worker thread that piscina starts: a piscina of one thread with one run, which starts what serves in the thread and is over
 * at once. The thread lives on until it ends itself, since it is never idle for too long, and the run that is over does not
 * keep the process alive.
 */
export class PiscinaWorker {
  /** Resolves when the thread has really gone. */
  readonly exited: Promise<void>;
  readonly #piscina: Piscina;
  readonly #worker: Worker | undefined;

  /** @param onEnd called at least once, with how the thread has ended; the first call counts. */
  constructor({ entry, settings, transfer, resourceLimits }: WorkerStart, onEnd: (end: ThreadEnd) => void) {
    this.#piscina = new Piscina({
      filename: entry,
      name: 'serve',
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: Infinity,
      atomics: 'disabled',
      recordTiming: false,
      resourceLimits,
    });
    // Told to the worker's own listener too, which is below.
    this.#piscina.on('error', () => undefined);
    const onError = (error: unknown) => onEnd({ cause: 'error', error });
    new Promise((resolve) => {
      resolve(this.#piscina.run(settings, { transferList: [...transfer] }));
    }).catch(onError);
    const [worker] = this.#piscina.threads;
    this.#worker = worker;
    worker?.on('error', onError);
    this.exited = new Promise((resolve) => {
      if (worker === undefined) return resolve();
      worker.once('exit', (code) => {
        onEnd({ cause: 'exit', code });
        resolve();
      });
    });
  }

  /** Ends the thread, whatever it does. An addon whose asynchronous work is in flight may abort the process then. */
  terminate(): void {
    void this.#piscina.destroy();
  }

  /** What it holds, also while it spins; undefined if it is not running. */
  async memory(): Promise<ThreadMemory | undefined> {
    try {
      const statistics = await this.#worker?.getHeapStatistics();
      if (statistics === undefined) return undefined;
      const { used_heap_size: heap, external_memory: external } = statistics;
      return { heapMiB: heap / 1024 / 1024, externalMiB: external / 1024 / 1024 };
    } catch {
      return undefined;
    }
  }

  eventLoopUtilization(): ReturnType<Worker['performance']['eventLoopUtilization']> | undefined {
    return this.#worker?.performance.eventLoopUtilization();
  }
}
