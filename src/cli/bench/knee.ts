import type { Measurement } from './measurement.ts';

/** Where more slots stop paying. */
export interface Knee {
  readonly at: Measurement;
  readonly best: Measurement;
  /** It was chosen though its throughput is lower: it kept all cores busy that there were for it. */
  readonly full: boolean;
}

/**
 * The fewest slots whose throughput is the best, but for a twentieth or for what is noise; or that keep all cores
 * busy, but for what other programs take: then more slots can only take turns, and what looks like a gain is a machine
 * that had become faster.
 */
export function kneeOf(series: readonly Measurement[], cores: number): Knee {
  const best = series.reduce((most, each) => (each.perSecond > most.perSecond ? each : most));
  const ascending = series.toSorted((a, b) => a.slots - b.slots);
  const asGood = (each: Measurement): boolean =>
    each.perSecond >= best.perSecond * (1 - tolerance(each, best));
  const at = ascending.find((each) => asGood(each) || coresUsed(each, cores) >= FULL) ?? best;
  return { at, best, full: !asGood(at) };
}

/** Two standard errors of the difference, within bounds. */
export function tolerance(a: Measurement, b: Measurement): number {
  return Math.min(MOST, Math.max(LEAST, 2 * Math.hypot(a.error, b.error)));
}

/** The part of the cores that the runtime used, of those that the load and other programs left, 0 to 1. */
export function coresUsed({ cpu, loadCore, others }: Measurement, cores: number): number {
  return cpu.cores / (cores * (1 - others) - loadCore);
}

const LEAST = 0.05;
const MOST = 0.15;
const FULL = 0.92;
