import { Promise } from '../builtins.ts';
import type { Config } from '../config/config.ts';
import type { Log } from '../logging/log.ts';
import { residentMiB } from './memory-pressure.ts';

/** Decides how many threads there are: as many as were asked for, or as fit into the function's memory. */
export class PoolSizing {
  readonly #config: Config;
  readonly #log: Log;
  readonly #memory: MemoryGuard;
  #wanted: number;
  /** How many may be starting. At first the main thread loads modules, too: the first poll waits for both. */
  #atOnce: number;
  /** The most threads that there were at once: replacing one of them needs no new memory. */
  #most = 0;

  constructor(config: Config, log: Log) {
    this.#config = config;
    this.#log = log;
    this.#memory = new MemoryGuard(config.memoryMiB);
    this.#wanted = config.threads;
    this.#atOnce = Math.max(config.cpus - 1, 1);
  }

  /**
   * What to do when so many threads serve and so many are starting: start one more, wait, or do without it.
   *
   * @param leaving threads that serve no more, and still take memory.
   * @param extra threads that are wanted for a while on top of the ordinary number.
   */
  verdict(ready: number, starting: number, leaving: number, extra: number): 'start' | 'wait' | 'full' {
    const threads = ready + starting;
    if (threads >= this.#wanted + extra || starting >= this.#atOnce) return 'wait';
    if (threads + leaving < this.#most) return 'start';
    const memory = this.#memory.verdict(ready + leaving, starting);
    if (memory === 'too-early') return 'wait';
    return memory === 'fits' ? 'start' : 'full';
  }

  /** The main thread needs no core for itself any more. */
  takeAllCores(): void {
    this.#atOnce = this.#config.cpus;
  }

  /** So many threads serve or are starting now. */
  reached(threads: number): void {
    this.#most = Math.max(this.#most, threads);
  }

  /** The number of threads stays as small as it is. */
  settleFor(threads: number): void {
    const costMiB = Math.ceil(this.#memory.costMiB(threads));
    const { memoryMiB, threads: asked, invocationsPerThread } = this.#config;
    this.#log.warn(
      { threads, asked, costMiB, memoryMiB },
      `Only ${threads} of ${asked} threads run: each costs ${costMiB} MiB, and one more would not fit into 80 % of ` +
        `${memoryMiB} MiB. Set PerExecutionEnvironmentMaxConcurrency to ${threads * invocationsPerThread}` +
        ', or give the function more memory.',
    );
    this.#wanted = threads;
  }
}

/** What is asked before another thread is added. */
type MemoryVerdict = 'fits' | 'too-early' | 'full';

/** Learns what a thread costs from the process's resident memory, and says whether one more fits. */
class MemoryGuard {
  readonly limitMiB: number | undefined;
  readonly #before = residentMiB();

  /** A fifth of the function's memory stays for what handlers need while they run. */
  constructor(functionMemoryMiB: number | undefined) {
    this.limitMiB = functionMemoryMiB === undefined ? undefined : functionMemoryMiB * 0.8;
  }

  /** While threads are starting the measure is not clean: what looks too tight then is asked again later. */
  verdict(ready: number, starting: number): MemoryVerdict {
    if (this.limitMiB === undefined || ready === 0) return 'fits';
    if (residentMiB() + this.costMiB(ready) * (starting + 1) <= this.limitMiB) return 'fits';
    return starting > 0 ? 'too-early' : 'full';
  }

  costMiB(ready: number): number {
    return Math.max(0, residentMiB() - this.#before) / ready;
  }
}

/** Counts the invocations that the threads can take, and makes slots wait while there are none. */
export class ThreadCapacity {
  #total = 0;
  #taken = 0;
  #closed = false;
  readonly #waiting: Array<(granted: boolean) => void> = [];

  get closed(): boolean {
    return this.#closed;
  }

  /** Resolves with true when one more can be taken, first come first served; with false once closed. */
  reserve(): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    if (this.#taken < this.#total) {
      this.#taken += 1;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  release(): void {
    this.#taken -= 1;
    this.#grant();
  }

  /** A lost thread may leave more taken than there is; then nothing is granted until that is made up. */
  resize(by: number): void {
    this.#total += by;
    this.#grant();
  }

  close(): void {
    this.#closed = true;
    for (const refuse of this.#waiting.splice(0)) refuse(false);
  }

  #grant(): void {
    while (this.#taken < this.#total) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#taken += 1;
      next(true);
    }
  }
}
