import { describe, expect, it } from 'vitest';
import { compare } from '../../bench/baseline.ts';
import type { Figure, GoalRow } from '../../bench/report/summary.ts';

const NAME = 'noop: rate ÷ aws-lambda-ric';
const BASELINE = {
  ratios: { [NAME]: { ratio: 1.5, rounds: [1.3, 1.4, 1.5, 1.6, 1.7], better: 'higher' as const } },
};

/** A goal whose rounds have these ratios to AWS's client. */
function goalWith(ratios: readonly number[]): GoalRow {
  const figure = (label: string, values: readonly number[]): Figure => ({
    label,
    value: values[0] as number,
    spread: 0,
    rounds: Object.fromEntries(values.map((value, index) => [index + 1, value])),
  });
  return {
    scenario: 'noop',
    title: 'No-op',
    metric: 'rate',
    ours: figure(
      'ours',
      ratios.map((ratio) => ratio * 1_000),
    ),
    reference: figure(
      'aws-lambda-ric',
      ratios.map(() => 1_000),
    ),
    against: 'aws-lambda-ric',
    ratio: undefined,
    goal: 1.6,
    met: undefined,
    others: [],
  };
}

describe('a comparison with the baseline', () => {
  it('reports a ratio that is more than a tenth worse in nearly all pairs of rounds', () => {
    expect(compare(BASELINE, [goalWith([1.1, 1.2, 1.25, 1.28, 1.35])])).toEqual({
      compared: 1,
      worse: [{ name: NAME, before: 1.5, now: 1.25, withinNoise: false }],
    });
  });

  it('says when the rounds overlap, so that chance can explain the difference', () => {
    expect(compare(BASELINE, [goalWith([1.1, 1.2, 1.3, 1.6, 1.8])]).worse).toEqual([
      { name: NAME, before: 1.5, now: 1.3, withinNoise: true },
    ]);
  });

  it('tolerates a tenth, and ignores what the baseline does not have', () => {
    expect(compare(BASELINE, [goalWith([1.36, 1.36, 1.36])])).toEqual({ compared: 1, worse: [] });
    expect(compare({ ratios: {} }, [goalWith([0.1])])).toEqual({ compared: 0, worse: [] });
  });
});
