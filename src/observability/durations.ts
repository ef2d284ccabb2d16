import { createHistogram } from 'node:perf_hooks';
import type { Histogram } from 'node:perf_hooks';
import type { Distribution } from './stats.ts';

/** A histogram of durations: from 1 µs to 2.7 hours, three digits of each. */
export class Durations {
  readonly #micros = createHistogram({ lowest: 1, highest: 1e10, figures: 3 });

  record(ms: number): void {
    this.#micros.record(Math.max(1, Math.round(ms * MICROS)));
  }

  /** Forgets all. */
  reset(): void {
    this.#micros.reset();
  }

  distribution(): Distribution {
    return distribution(this.#micros, MICROS);
  }
}

/** @param offset what is part of each value and does not count, in the histogram's unit. */
export function distribution(histogram: Histogram, unitsPerMs: number, offset = 0): Distribution {
  const ms = (units: number) => rounded(Math.max(0, units - offset) / unitsPerMs);
  const { count } = histogram;
  if (count === 0) return NONE;
  return {
    count,
    mean: ms(histogram.mean),
    p50: ms(histogram.percentile(50)),
    p90: ms(histogram.percentile(90)),
    p99: ms(histogram.percentile(99)),
    max: ms(histogram.max),
  };
}

/** Of nothing. */
const NONE: Distribution = { count: 0, mean: 0, p50: 0, p90: 0, p99: 0, max: 0 };

/** To microseconds: more digits of a millisecond are noise. */
export function rounded(ms: number): number {
  return Math.round(ms * MICROS) / MICROS;
}

const MICROS = 1000;
