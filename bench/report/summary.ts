import type { ContenderName } from '../contenders/contender.ts';
import { median } from '../runner/median.ts';
import type { Sample } from '../runner/sample.ts';
import { METRICS } from '../scenarios/scenario.ts';
import type { Metric, Reference, Scenario } from '../scenarios/scenario.ts';

/** A median over the rounds. */
export interface Figure {
  readonly label: string;
  readonly value: number;
  /** Half of the range between the lowest and the highest round, relative to the median. */
  readonly spread: number;
  /** The value of each round, by its number. */
  readonly rounds: Readonly<Record<number, number>>;
}

/** A goal and its result. */
export interface GoalRow {
  readonly scenario: string;
  readonly title: string;
  readonly metric: Metric;
  readonly ours: Figure | undefined;
  readonly reference: Figure | undefined;
  /** The contender that the goal compares with. */
  readonly against: string;
  /** See {@link ratioOf}. */
  readonly ratio: number | undefined;
  readonly goal: number;
  readonly met: boolean | undefined;
  /** The other contenders' values of the metric. */
  readonly others: readonly Figure[];
}

/** Returns the goals of all scenarios, in their order. */
export function summarize(scenarios: readonly Scenario[], samples: readonly Sample[]): GoalRow[] {
  return scenarios.flatMap((scenario) =>
    scenario.goals.map(({ metric, against, ratio: goal }): GoalRow => {
      const ours = bestFigure(samples, scenario.id, 'ours', metric);
      const reference = referenceFigure(samples, scenario.id, against, metric);
      const ratio = ours && reference ? ratioOf(ours, reference) : undefined;
      return {
        scenario: scenario.id,
        title: scenario.title,
        metric,
        ours,
        reference,
        against: 'scenario' in against ? `ours in ${against.scenario}` : against.contender,
        ratio,
        goal,
        met: ratio === undefined ? undefined : isMet(ratio, goal, metric),
        others: scenario.contenders
          .filter((name) => name !== 'ours' && !('contender' in against && against.contender === name))
          .flatMap((name) => bestFigure(samples, scenario.id, name, metric) ?? []),
      };
    }),
  );
}

/** Returns the median of the rounds' ratios; undefined if no round has both values. */
export function ratioOf(ours: Figure, other: Figure): number | undefined {
  const ratios = ratiosByRound(ours, other);
  return ratios.length === 0 ? undefined : median(ratios);
}

/**
 * Returns the ratios of the rounds that have both values. Contenders are measured in turn within a round, so a machine that
 * changes its speed between rounds changes these ratios less than it changes the medians.
 */
export function ratiosByRound(ours: Figure, other: Figure): number[] {
  return Object.entries(ours.rounds).flatMap(([round, value]) => {
    const compared = other.rounds[Number(round)];
    return compared === undefined ? [] : [value / compared];
  });
}

/** Returns a contender's median. If it ran with several settings, returns the best one's. */
function bestFigure(
  samples: readonly Sample[],
  scenario: string,
  contender: ContenderName,
  metric: Metric,
): Figure | undefined {
  const own = samples.filter((sample) => sample.scenario === scenario && sample.contender === contender);
  const sign = METRICS[metric].better === 'higher' ? -1 : 1;
  return [...new Set(own.map(({ label }) => label))]
    .flatMap((label) => figure(label, own, metric) ?? [])
    .sort((a, b) => sign * (a.value - b.value))[0];
}

function isMet(ratio: number, goal: number, metric: Metric): boolean {
  return METRICS[metric].better === 'higher' ? ratio >= goal : ratio <= goal;
}

function referenceFigure(
  samples: readonly Sample[],
  scenario: string,
  against: Reference,
  metric: Metric,
): Figure | undefined {
  return 'scenario' in against
    ? bestFigure(samples, against.scenario, 'ours', metric)
    : bestFigure(samples, scenario, against.contender, metric);
}

function figure(label: string, samples: readonly Sample[], metric: Metric): Figure | undefined {
  const rounds = Object.fromEntries(
    samples.flatMap(({ label: its, round, metrics }) => {
      const value = its === label ? metrics[metric] : undefined;
      return value === undefined ? [] : [[round, value]];
    }),
  ) as Record<number, number>;
  const values = Object.values(rounds);
  if (values.length === 0) return undefined;
  const value = median(values);
  return { label, value, spread: (Math.max(...values) - Math.min(...values)) / 2 / value, rounds };
}
