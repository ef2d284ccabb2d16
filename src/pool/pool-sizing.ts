import type { Config } from '../config/config.ts';
import type { Log } from '../logging/log.ts';
import { residentMiB } from './resident-memory.ts';

/** Decides the number of threads: as many as configured, or fewer if they do not fit into the function's memory. */
export class PoolSizing {
  readonly #config: Config;
  readonly #log: Log;
  readonly #memory: MemoryEstimate;
  #wanted: number;
  /** How many threads may start at once. One core is left to the main thread while it loads its own modules. */
  #maxStarting: number;
  /** The highest number of threads so far. Replacing a thread below that number needs no additional memory. */
  #peak = 0;

  constructor(config: Config, log: Log) {
    this.#config = config;
    this.#log = log;
    this.#memory = new MemoryEstimate(config.memoryMiB);
    this.#wanted = config.threads;
    this.#maxStarting = Math.max(config.cpus - 1, 1);
  }

  /**
   * Returns `start` to start one more thread, `wait` to ask again later, or `full` if no more thread fits into memory.
   *
   * @param ready number of threads that take invocations.
   * @param starting number of threads that are starting.
   * @param leaving number of threads that no longer take invocations but still occupy memory.
   * @param extra number of threads that are temporarily needed in addition, such as replacements.
   */
  nextStep(ready: number, starting: number, leaving: number, extra: number): 'start' | 'wait' | 'full' {
    const threads = ready + starting;
    if (threads >= this.#wanted + extra || starting >= this.#maxStarting) return 'wait';
    if (threads + leaving < this.#peak) return 'start';
    const memory = this.#memory.check(ready + leaving, starting);
    if (memory === 'too-early') return 'wait';
    return memory === 'fits' ? 'start' : 'full';
  }

  /** Must be called when the main thread has loaded its modules and no longer needs a core of its own. */
  useAllCores(): void {
    this.#maxStarting = this.#config.cpus;
  }

  /** Records the number of threads that are ready or starting. */
  recordCount(threads: number): void {
    this.#peak = Math.max(this.#peak, threads);
  }

  /** Limits the pool to the given number of threads and logs a warning. */
  limitTo(threads: number): void {
    const costMiB = Math.ceil(this.#memory.costMiB(threads));
    const { memoryMiB, threads: configured, invocationsPerThread } = this.#config;
    this.#log.warn(
      { threads, asked: configured, costMiB, memoryMiB },
      `Only ${threads} of ${configured} threads run: each needs ${costMiB} MiB, and one more does not fit into 80 % of ` +
        `${memoryMiB} MiB. Set PerExecutionEnvironmentMaxConcurrency to ${threads * invocationsPerThread}` +
        ', or give the function more memory.',
    );
    this.#wanted = threads;
  }
}

type MemoryVerdict = 'fits' | 'too-early' | 'full';

/** Estimates the memory of a thread from the process's resident memory, and checks whether one more thread fits. */
class MemoryEstimate {
  readonly limitMiB: number | undefined;
  readonly #before = residentMiB();

  /** Reserves a fifth of the function's memory for handlers while they run. */
  constructor(functionMemoryMiB: number | undefined) {
    this.limitMiB = functionMemoryMiB === undefined ? undefined : functionMemoryMiB * 0.8;
  }

  /** Returns `too-early` instead of `full` while threads are starting, because the measurement is not reliable then. */
  check(ready: number, starting: number): MemoryVerdict {
    if (this.limitMiB === undefined || ready === 0) return 'fits';
    if (residentMiB() + this.costMiB(ready) * (starting + 1) <= this.limitMiB) return 'fits';
    return starting > 0 ? 'too-early' : 'full';
  }

  costMiB(ready: number): number {
    return Math.max(0, residentMiB() - this.#before) / ready;
  }
}
