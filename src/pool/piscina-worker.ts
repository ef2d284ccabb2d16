/** Isolates everything the pool expects of piscina and its worker; test/pool/piscina-worker.test.ts tests these expectations. */
import type { Readable } from 'node:stream';
import type { Transferable, Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { ResourceLimits } from 'node:worker_threads';
import { Promise } from '../builtins.ts';
import { startCpuProfile } from './cpu-profile.ts';
import type { CpuProfiling } from './cpu-profile.ts';
import { startHeapProfile, takeHeapSnapshot } from './heap-profile.ts';
import type { HeapProfiling } from './heap-profile.ts';
import type { ThreadMemory } from './memory-pressure.ts';
import type { ThreadEndReason } from './thread-end.ts';

export interface WorkerStart {
  /** The module whose export `serveThread` is called in the thread. */
  readonly entry: string;
  /** The argument of `serveThread`. */
  readonly settings: object;
  readonly transfer: readonly Transferable[];
  readonly resourceLimits: ResourceLimits;
}

/**
 * A worker thread started by piscina: a Piscina of one thread that runs one task. The task registers the message listener
 * in the thread and returns at once. The thread lives on until it ends itself, because `idleTimeout` is infinite, and a
 * completed task does not keep the process alive.
 */
export class PiscinaWorker {
  /** Resolves when the thread has exited. */
  readonly exited: Promise<void>;
  readonly #piscina: Piscina;
  readonly #worker: Worker | undefined;

  /** @param onEnd called at least once, with the reason why the thread ended; the first call counts. */
  constructor(
    { entry, settings, transfer, resourceLimits }: WorkerStart,
    onEnd: (endReason: ThreadEndReason) => void,
  ) {
    this.#piscina = new Piscina({
      filename: entry,
      name: 'serveThread',
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: Infinity,
      atomics: 'disabled',
      recordTiming: false,
      resourceLimits,
    });
    // The worker's own error listener below receives the same errors.
    this.#piscina.on('error', () => undefined);
    const onError = (error: unknown) => onEnd({ kind: 'error', error });
    new Promise((resolve) => {
      resolve(this.#piscina.run(settings, { transferList: [...transfer] }));
    }).catch(onError);
    const [worker] = this.#piscina.threads;
    this.#worker = worker;
    worker?.on('error', onError);
    this.exited = new Promise((resolve) => {
      if (worker === undefined) return resolve();
      worker.once('exit', (code) => {
        onEnd({ kind: 'exit', code });
        resolve();
      });
    });
  }

  /** Terminates the thread at once. An addon with asynchronous work in flight may abort the process. */
  terminate(): void {
    void this.#piscina.destroy();
  }

  /** Measures the thread's memory, even while it blocks its event loop. Undefined if the thread is not running. */
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

  /** See {@link startCpuProfile}. */
  async startCpuProfile(): Promise<CpuProfiling | undefined> {
    return this.#worker === undefined ? undefined : startCpuProfile(this.#worker);
  }

  /** See {@link startHeapProfile}. */
  async startHeapProfile(): Promise<HeapProfiling | undefined> {
    return this.#worker === undefined ? undefined : startHeapProfile(this.#worker);
  }

  /** See {@link takeHeapSnapshot}. */
  async heapSnapshot(): Promise<Readable | undefined> {
    return this.#worker === undefined ? undefined : takeHeapSnapshot(this.#worker, this.exited);
  }

  eventLoopUtilization(): ReturnType<Worker['performance']['eventLoopUtilization']> | undefined {
    return this.#worker?.performance.eventLoopUtilization();
  }
}
