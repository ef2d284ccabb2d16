import { rounded } from '../../observing/durations.ts';
import type { Answers, Latency } from './measurement.ts';

/** How one invocation ended: undefined, or the error. */
export type Failure = string | undefined;

/**
 * Gathers the answers of a while. All of them, in their order, and not in a histogram as `Durations` has: how far the
 * parts of a measurement agree can only be told when its end is known. An hour of 10,000 a second takes 300 MB.
 */
export class Tally {
  readonly #latencies: number[] = [];
  #failed = 0;
  #firstError: string | undefined;

  add(latencyMs: number, failure: Failure): void {
    this.#latencies.push(latencyMs);
    if (failure === undefined) return;
    this.#failed += 1;
    this.#firstError ??= failure;
  }

  get count(): number {
    return this.#latencies.length;
  }

  get answers(): Answers {
    const counts = { total: this.count, failed: this.#failed };
    return this.#firstError === undefined ? counts : { ...counts, firstError: this.#firstError };
  }

  get latency(): Latency {
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    const at = (part: number): number => rounded(sorted[Math.ceil(part * sorted.length) - 1] ?? 0);
    return { mean: rounded(mean(sorted)), p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
  }

  /**
   * The throughput of so many callers who call again as soon as they are answered: the number of callers ÷ the mean
   * latency (Little's law). Unlike a count of answers it does not depend on when in an invocation the clock stops.
   */
  throughput(callers: number): { readonly perSecond: number; readonly error: number } {
    const perSecond = (latencies: readonly number[]): number => (callers * 1000) / mean(latencies);
    const length = Math.floor(this.count / PARTS);
    if (length === 0) return { perSecond: perSecond(this.#latencies), error: 1 };
    const parts = Array.from({ length: PARTS }, (_, part) =>
      perSecond(this.#latencies.slice(part * length, (part + 1) * length)),
    );
    const middle = mean(parts);
    const variance = parts.reduce((sum, part) => sum + (part - middle) ** 2, 0) / (PARTS - 1);
    return { perSecond: perSecond(this.#latencies), error: Math.sqrt(variance / PARTS) / middle };
  }
}

const PARTS = 5;

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
