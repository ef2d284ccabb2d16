import { residentMiB } from './process-memory.ts';

/** What is asked before another thread is added. */
export type MemoryVerdict = 'fits' | 'too-early' | 'full';

/** Learns what a thread costs from the process's resident memory, and says whether one more fits. */
export class MemoryGuard {
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
