import { readFileSync, readdirSync } from 'node:fs';

/** What a process holds, over time. */
export class Vitals {
  readonly #pid: number;
  readonly #memoryMiB: number[] = [];
  readonly #descriptors: number[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => this.#sample(), 1_000);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /**
   * What it held at its calmest, when no thread was filling its heap, in the second and the last quarter of the time;
   * the first one is the warm-up.
   */
  growth(): Readonly<Record<'memoryMiB' | 'descriptors', readonly [early: number, late: number]>> {
    return { memoryMiB: quarters(this.#memoryMiB), descriptors: quarters(this.#descriptors) };
  }

  #sample(): void {
    const status = readFileSync(`/proc/${this.#pid}/status`, 'utf8');
    this.#memoryMiB.push(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024);
    this.#descriptors.push(readdirSync(`/proc/${this.#pid}/fd`).length);
  }
}

function quarters(samples: readonly number[]): readonly [early: number, late: number] {
  const quarter = Math.floor(samples.length / 4);
  return [calmest(samples.slice(quarter, 2 * quarter)), calmest(samples.slice(-quarter))];
}

/** The tenth percentile: a single low reading says little. */
function calmest(samples: readonly number[]): number {
  return samples.toSorted((one, other) => one - other)[Math.floor(samples.length / 10)] ?? Number.NaN;
}
