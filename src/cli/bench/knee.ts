import type { Measurement } from './measurement.ts';

/** Where more slots stop paying. */
export interface Knee {
  readonly at: Measurement;
  readonly best: Measurement;
  /** The throughput that was given up for fewer slots may be so much, 0 to 1. */
  readonly tolerance: number;
}

/** The fewest slots whose throughput is the best, but for a twentieth or for what is noise. */
export function kneeOf(series: readonly Measurement[]): Knee {
  const best = series.reduce((most, each) => (each.perSecond > most.perSecond ? each : most));
  const ascending = series.toSorted((a, b) => a.slots - b.slots);
  const at = ascending.find((each) => each.perSecond >= best.perSecond * (1 - tolerance(each, best))) ?? best;
  return { at, best, tolerance: tolerance(at, best) };
}

/** Two standard errors of the difference, within bounds. */
export function tolerance(a: Measurement, b: Measurement): number {
  return Math.min(MOST, Math.max(LEAST, 2 * Math.hypot(a.error, b.error)));
}

const LEAST = 0.05;
const MOST = 0.15;
