import { readdirSync } from 'node:fs';
import { residentMiB } from '../proc/memory.ts';

/** Samples the memory and descriptors of a process. */
export class ProcessMonitor {
  readonly #pid: number;
  readonly #memoryMiB: number[] = [];
  readonly #timer: NodeJS.Timeout;

  /** @param onTooLarge called when the process exceeds `maxMiB`. */
  constructor(pid: number, maxMiB: number, onTooLarge: (memoryMiB: number) => void) {
    this.#pid = pid;
    this.#timer = setInterval(() => {
      const memoryMiB = residentMiB(pid);
      this.#memoryMiB.push(memoryMiB);
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
    return Math.round(Math.max(...this.#memoryMiB));
  }

  /**
   * Returns the baseline memory of each quarter of the run, in MiB: a low percentile, which excludes the times at which a
   * thread fills its heap. The first quarter is the warm-up.
   */
  quarters(): readonly [number, number, number, number] {
    const length = Math.floor(this.#memoryMiB.length / 4);
    const baseline = (quarter: number): number =>
      lowMemory(this.#memoryMiB.slice(quarter * length, (quarter + 1) * length));
    return [baseline(0), baseline(1), baseline(2), baseline(3)];
  }
}

/** Returns the 10th percentile, because a single low reading may be an outlier. */
function lowMemory(samples: readonly number[]): number {
  const sorted = samples.toSorted((one, other) => one - other);
  return Math.round(sorted[Math.floor(samples.length / 10)] ?? Number.NaN);
}
