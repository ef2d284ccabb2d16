import { median } from '../runner/median.ts';
import type { Sample } from '../runner/sample.ts';

/** Where a contender's CPU time went in a scenario, in µs per invocation; medians. */
export interface CpuSplit {
  readonly scenario: string;
  readonly label: string;
  readonly main: number;
  readonly threads: number;
  readonly rest: number;
  readonly total: number;
  readonly rate: number;
  readonly loadUs: number;
  /** The part of one core that the load process was busy. */
  readonly loadBusy: number;
  /** The part of the machine that others used. */
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
