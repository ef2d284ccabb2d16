import { readdirSync } from 'node:fs';
import { residentMiB } from '../proc/memory.ts';

/** What a process holds, over time. */
export class Vitals {
  readonly #pid: number;
  readonly #memoryMiB: number[] = [];
  readonly #timer: NodeJS.Timeout;

  /** @param onTooLarge called when it holds more than that. */
  constructor(pid: number, mostMiB: number, onTooLarge: (memoryMiB: number) => void) {
    this.#pid = pid;
    this.#timer = setInterval(() => {
      const memoryMiB = residentMiB(pid);
      this.#memoryMiB.push(memoryMiB);
      if (memoryMiB > mostMiB) onTooLarge(Math.round(memoryMiB));
    }, 1_000);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  get descriptors(): number {
    return readdirSync(`/proc/${this.#pid}/fd`).length;
  }

  /** Resident memory now, in MiB. */
  get memoryMiB(): number {
    return Math.round(residentMiB(this.#pid));
  }

  /** The most resident memory that was seen, in MiB. */
  get peakMiB(): number {
    return Math.round(Math.max(...this.#memoryMiB));
  }

  /**
   * Resident memory in each quarter of the time, in MiB: at its calmest, when no thread was filling its heap. The first
   * quarter is the warm-up.
   */
  quarters(): readonly [number, number, number, number] {
    const length = Math.floor(this.#memoryMiB.length / 4);
    const calm = (quarter: number): number =>
      calmest(this.#memoryMiB.slice(quarter * length, (quarter + 1) * length));
    return [calm(0), calm(1), calm(2), calm(3)];
  }
}

/** The tenth percentile: a single low reading says little. */
function calmest(samples: readonly number[]): number {
  const sorted = samples.toSorted((one, other) => one - other);
  return Math.round(sorted[Math.floor(samples.length / 10)] ?? Number.NaN);
}
