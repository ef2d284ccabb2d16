import { roundedLatency } from './measurement.ts';
import type { Answers, HistogramBucket, Latency } from './measurement.ts';

/** The error of an invocation; undefined if it succeeded. */
export type Failure = string | undefined;

/**
 * Records the answers of one measurement. It keeps every latency in order, unlike `Durations`, because the standard
 * error compares parts of the measurement, whose bounds are known only at the end. An hour at 10,000 invocations per
 * second takes 300 MB.
 */
export class Tally {
  readonly #latencies: number[] = [];
  #failed = 0;
  #firstError: string | undefined;

  /** Combines tallies, in their order. */
  static of(tallies: readonly Tally[]): Tally {
    const all = new Tally();
    for (const tally of tallies) {
      for (const latencyMs of tally.#latencies) all.#latencies.push(latencyMs);
      all.#failed += tally.#failed;
      all.#firstError ??= tally.#firstError;
    }
    return all;
  }

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
    const at = (part: number): number => sorted[Math.ceil(part * sorted.length) - 1] ?? 0;
    return roundedLatency({ mean: mean(sorted), p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) });
  }

  /** Buckets of equal ratio from the shortest to the longest latency. Empty without answers. */
  get histogram(): HistogramBucket[] {
    const { low, high } = this.#latencies.reduce(
      (range, ms) => ({ low: Math.min(range.low, ms), high: Math.max(range.high, ms) }),
      { low: Infinity, high: 0 },
    );
    if (this.count === 0) return [];
    const lowest = Math.max(low, SHORTEST_MS);
    const ratio = Math.max(high / lowest, MIN_RANGE) ** (1 / BUCKETS);
    const counts = Array.from({ length: BUCKETS }, () => 0);
    for (const ms of this.#latencies) {
      const at = Math.floor(Math.log(Math.max(ms, lowest) / lowest) / Math.log(ratio));
      const bucket = Math.min(BUCKETS - 1, at);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    const bound = (index: number): number => Number((lowest * ratio ** index).toPrecision(4));
    return counts.map((count, index) => ({ fromMs: bound(index), toMs: bound(index + 1), count }));
  }

  /**
   * Returns the throughput of a closed loop: the number of callers ÷ the mean latency (Little's law). Unlike a count of
   * answers, it does not depend on where in an invocation the measurement ends.
   */
  throughput(callers: number): { readonly perSecond: number; readonly standardError: number } {
    const perSecond = (latencies: readonly number[]): number => (callers * 1000) / mean(latencies);
    const length = Math.floor(this.count / PARTS);
    if (length === 0) return { perSecond: perSecond(this.#latencies), standardError: 1 };
    const parts = Array.from({ length: PARTS }, (_, part) =>
      perSecond(this.#latencies.slice(part * length, (part + 1) * length)),
    );
    const middle = mean(parts);
    const variance = parts.reduce((sum, part) => sum + (part - middle) ** 2, 0) / (PARTS - 1);
    return { perSecond: perSecond(this.#latencies), standardError: Math.sqrt(variance / PARTS) / middle };
  }
}

/** A multiple of the number of rounds. */
const PARTS = 6;
const BUCKETS = 24;
/** The longest latency ÷ the shortest, at least, so that equal latencies do not fill all buckets. */
const MIN_RANGE = 1.5;
const SHORTEST_MS = 0.001;

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
