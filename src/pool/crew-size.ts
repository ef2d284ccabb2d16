import type { Config } from '../config.ts';
import type { Log } from '../logging/log.ts';
import { MemoryGuard } from './memory-guard.ts';

/** Decides how many threads there are: as many as were asked for, or as fit into the function's memory. */
export class CrewSize {
  readonly #config: Config;
  readonly #log: Log;
  readonly #memory: MemoryGuard;
  #wanted: number;
  /** The most threads that there were at once: replacing one of them needs no new memory. */
  #most = 0;

  constructor(config: Config, log: Log) {
    this.#config = config;
    this.#log = log;
    this.#memory = new MemoryGuard(config.memoryMiB);
    this.#wanted = config.threads;
  }

  /**
   * What to do when so many threads serve and so many are starting: start one more, wait, or do without it.
   *
   * @param extra threads that are wanted for a while on top of the ordinary number.
   */
  verdict(ready: number, starting: number, extra: number): 'start' | 'wait' | 'full' {
    const threads = ready + starting;
    // One core is the main thread's: what it loads itself is waited for as well.
    const cores = ready === 0 ? Math.max(this.#config.cpus - 1, 1) : this.#config.cpus;
    if (threads >= this.#wanted + extra || starting >= cores) return 'wait';
    if (threads < this.#most) return 'start';
    const memory = this.#memory.verdict(ready, starting);
    if (memory === 'too-early') return 'wait';
    return memory === 'fits' ? 'start' : 'full';
  }

  /** There are so many threads now, those that are starting included. */
  reached(threads: number): void {
    this.#most = Math.max(this.#most, threads);
  }

  /** The crew stays as small as it is. */
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
