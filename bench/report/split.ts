import { median } from '../runner/median.ts';
import type { Sample } from '../runner/sample.ts';

/** A contender's CPU time in a scenario by kind of thread: medians in µs per invocation. */
export interface CpuSplit {
  readonly scenario: string;
  readonly label: string;
  readonly main: number;
  readonly threads: number;
  readonly rest: number;
  readonly total: number;
  readonly rate: number;
  readonly loadUs: number;
  /** The share of one core that the load process used, 0 to 1. */
  readonly loadBusy: number;
  /** The share of the machine that other programs used, 0 to 1. */
  readonly others: number;
}

export function cpuSplits(samples: readonly Sample[]): CpuSplit[] {
  const groups = Map.groupBy(
    samples.filter(({ cpu }) => cpu !== undefined),
    ({ scenario, label }) => JSON.stringify([scenario, label]),
  );
  return [...groups.values()].map((group) => {
    const middle = (pick: (sample: Sample) => number | undefined): number =>
      median(group.flatMap((sample) => pick(sample) ?? []));
    return {
      scenario: group[0]?.scenario ?? '',
      label: group[0]?.label ?? '',
      main: middle(({ cpu }) => cpu?.main),
      threads: middle(({ cpu }) => cpu?.threads),
      rest: middle(({ cpu }) => cpu?.rest),
      total: middle(({ cpu }) => cpu?.total),
      rate: middle(({ metrics }) => metrics.rate),
      loadUs: middle(({ load }) => load?.cpuUs),
      loadBusy: middle(({ load }) => load?.busy),
      others: middle(({ others }) => others),
    };
  });
}
