import { readdirSync } from 'node:fs';
import { residentMiB } from '../proc/memory.ts';

/** Samples the memory and descriptors of a process. */
export class ProcessMonitor {
  readonly #pid: number;
  #peakMiB = 0;
  readonly #timer: NodeJS.Timeout;

  /** @param onTooLarge called when the process exceeds `maxMiB`. */
  constructor(pid: number, maxMiB: number, onTooLarge: (memoryMiB: number) => void) {
    this.#pid = pid;
    this.#timer = setInterval(() => {
      const memoryMiB = residentMiB(pid);
      this.#peakMiB = Math.max(this.#peakMiB, memoryMiB);
      if (memoryMiB > maxMiB) onTooLarge(Math.round(memoryMiB));
    }, 1_000);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  get descriptors(): number {
    return readdirSync(`/proc/${this.#pid}/fd`).length;
  }

  /** The current resident memory, in MiB. */
  get memoryMiB(): number {
    return Math.round(residentMiB(this.#pid));
  }

  /** The maximum resident memory of all samples, in MiB. */
  get peakMiB(): number {
    return Math.round(this.#peakMiB);
  }
}
