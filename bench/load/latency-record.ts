import { createHistogram } from 'node:perf_hooks';
import type { RecordableHistogram } from 'node:perf_hooks';
import type { LatencyReport } from './protocol.ts';

/** Latencies by event class, in histograms with three significant digits. */
export class LatencyRecord {
  readonly #histograms = new Map<string, RecordableHistogram>();

  add(className: string, ms: number): void {
    let histogram = this.#histograms.get(className);
    if (histogram === undefined) {
      histogram = createHistogram({ lowest: 1, highest: LONGEST_US, figures: 3 });
      this.#histograms.set(className, histogram);
    }
    histogram.record(Math.min(Math.max(Math.round(ms * 1000), 1), LONGEST_US));
  }

  report(): Record<string, LatencyReport> {
    return Object.fromEntries(
      [...this.#histograms].map(([className, histogram]) => [
        className,
        {
          count: histogram.count,
          percentiles: PERCENTILES.map((percentile) => [percentile, histogram.percentile(percentile) / 1000]),
        },
      ]),
    );
  }
}

const LONGEST_US = 600_000_000;
const PERCENTILES = [1, 5, 10, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.9, 99.99, 100];
