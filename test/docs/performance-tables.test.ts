import { describe, expect, it } from 'vitest';
import { ratioOf } from '../../bench/report/summary.ts';
import type { Figure, GoalRow } from '../../bench/report/summary.ts';
import {
  comparisonTable,
  goalTable,
  mergeGoals,
  replaceTable,
} from '../../scripts/performance-tables/tables.ts';

const figure = (label: string, value: number): Figure => ({
  label,
  value,
  spread: 0.1,
  rounds: { 1: value },
});

function goal(changes: Partial<GoalRow>): GoalRow {
  return {
    scenario: 'noop',
    title: 'No-op',
    metric: 'rate',
    ours: figure('ours', 3_000),
    reference: figure('aws-lambda-ric', 2_000),
    against: 'aws-lambda-ric',
    ratio: 1.5,
    goal: 1.6,
    met: false,
    others: [],
    ...changes,
  };
}

describe('the comparison', () => {
  it('has one row for each metric with a value of AWS’s client', () => {
    const bare = goal({ against: 'bare work', reference: figure('bare work', 4_000), ratio: 0.75 });
    expect(comparisonTable([goal({}), bare]).split('\n')).toEqual([
      '| scenario | metric | ours | AWS’s | ratio |',
      '| --- | --- | ---: | ---: | ---: |',
      '| No-op | invocations/s | 3,000 | 2,000 | 1.50 |',
    ]);
  });

  it('finds AWS’s client among the others, with any size of its thread pool, or has no row', () => {
    const others = [figure('floor', 9_000), figure('aws-lambda-ric (UV_THREADPOOL_SIZE=24)', 2_500)];
    const row = goal({ against: 'ours in noop-8', reference: figure('ours', 1), others });
    expect(comparisonTable([row])).toContain('| No-op | invocations/s | 3,000 | 2,500 | 1.20 |');
    expect(comparisonTable([{ ...row, others: [] }])).not.toContain('No-op');
  });
});

it('the table of goals says what each goal is measured against, and whether it is met', () => {
  const slots = goal({ metric: 'cpuUs', against: 'ours in noop-8', goal: 1.15, ratio: 1.02, met: true });
  expect(
    goalTable([goal({}), slots])
      .split('\n')
      .slice(2),
  ).toEqual([
    '| `noop` | invocations/s | 3,000 (± 10 %) | 2,000 (± 10 %) | 1.50 | ≥ 1.6 | no |',
    '| `noop` | CPU µs/invocation | 3,000 (± 10 %) | 2,000 (± 10 %), ours in noop-8 | 1.02 | ≤ 1.15 | yes |',
  ]);
});

it('a ratio is the median of the rounds that both have, so that the speed of the machine in a round does not change it', () => {
  const ours = { ...figure('ours', 100), rounds: { 1: 100, 2: 200, 3: 90, 4: 7 } };
  const theirs = { ...figure('theirs', 100), rounds: { 1: 50, 2: 100, 3: 100, 5: 1 } };
  expect(ratioOf(ours, theirs)).toBe(2);
  expect(ratioOf(ours, { ...theirs, rounds: { 5: 1 } })).toBeUndefined();
});

it('a later run replaces the scenarios that an earlier one also has', () => {
  const merged = mergeGoals([
    { goals: [goal({ ratio: 1 }), goal({ scenario: 'mix', ratio: 2 })] },
    { goals: [goal({ ratio: 3 })] },
  ]);
  expect(merged.map(({ scenario, ratio }) => [scenario, ratio])).toEqual([
    ['mix', 2],
    ['noop', 3],
  ]);
});

it('only the table below the marker is replaced', () => {
  const page = 'Text\n\n<!-- here -->\n\n| old |\n| --- |\n| 1 |\n\nMore text\n';
  expect(replaceTable(page, '<!-- here -->', '| new |')).toBe(
    'Text\n\n<!-- here -->\n\n| new |\n\nMore text\n',
  );
  expect(() => replaceTable('Text', '<!-- here -->', '')).toThrow('The page has no comment <!-- here -->.');
});
