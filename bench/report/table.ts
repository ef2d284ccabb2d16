import Table from 'cli-table3';
import { METRICS } from '../scenarios/scenario.ts';
import type { RunRecord } from './record.ts';
import { percent, shortNumber } from '../../src/cli/bench/measurement.ts';
import type { CpuSplit } from './split.ts';
import type { Figure, GoalRow } from './summary.ts';

/** Formats the record as tables for a terminal. */
export function renderTables({ goals, splits, shape, failures, absentees }: RunRecord): string {
  const parts = [
    ...(goals.length > 0 ? [goalTable(goals)] : []),
    ...(splits.length > 0 ? [SPLIT_LEGEND, splitTable(splits)] : []),
    ...noise(splits),
    ...(shape === undefined ? [] : shapeLines(shape.fullAt)),
    ...absentees.map(({ name, reason }) => `Without ${name}: ${reason}.`),
    ...failures.map((failure) => `${failure.label} failed in ${failure.scenario}: ${failure.message}`),
  ];
  return `${parts.join('\n\n')}\n`;
}

const SPLIT_LEGEND =
  'CPU time in µs per invocation: the runtime’s main thread, its worker threads, the rest; and the load process.\n' +
  'load’s core: how busy the load process kept one core; others: what other programs took of the machine meanwhile.';

function goalTable(goals: readonly GoalRow[]): string {
  const table = new Table({
    head: ['scenario', 'figure', 'ours', 'against', 'its figure', 'ratio', 'goal', 'met', 'others'],
    style: { head: [], border: [] },
    colAligns: ['left', 'left', 'right', 'left', 'right', 'right', 'right', 'left', 'left'],
  });
  for (const row of goals) {
    const { title, better } = METRICS[row.metric];
    table.push([
      row.title,
      title,
      shown(row.ours),
      row.reference?.label ?? row.against,
      shown(row.reference),
      shortNumber(row.ratio),
      `${better === 'higher' ? '≥' : '≤'} ${row.goal}`,
      row.met === undefined ? '–' : row.met ? 'yes' : 'NO',
      row.others.map((figure) => `${figure.label} ${shortNumber(figure.value)}`).join('\n'),
    ]);
  }
  return table.toString();
}

function splitTable(splits: readonly CpuSplit[]): string {
  const table = new Table({
    head: [
      'scenario',
      'contender',
      'main',
      'threads',
      'rest',
      'total',
      'invocations/s',
      'load',
      'load’s core',
      'others',
    ],
    style: { head: [], border: [] },
    colAligns: ['left', 'left', ...Array.from({ length: 8 }, () => 'right' as const)],
  });
  for (const split of splits) {
    const { scenario, label, main, threads, rest, total, rate, loadUs, loadBusy, others } = split;
    const figures = [main, threads, rest, total, rate, loadUs].map(shortNumber);
    table.push([scenario, label, ...figures, percent(loadBusy), percent(others)]);
  }
  return table.toString();
}

function noise(splits: readonly CpuSplit[]): string[] {
  const most = Math.max(0, ...splits.map(({ others }) => others));
  return most > TOLERABLE
    ? [`NOISE: other programs used up to ${percent(most)} of the machine. Do not rely on these measurements.`]
    : [];
}

const TOLERABLE = 0.05;

function shapeLines(fullAt: NonNullable<RunRecord['shape']>['fullAt']): string[] {
  const lines = fullAt.map(
    ({ scenario, mainUs, perSecond }) =>
      `${scenario}: ${shortNumber(mainUs)} µs of the main thread, full at ${shortNumber(perSecond)} invocations/s`,
  );
  return [`When the main thread is full\n${lines.join('\n')}`];
}

function shown(figure: Figure | undefined): string {
  if (figure === undefined) return '–';
  return figure.spread > 0
    ? `${shortNumber(figure.value)} ±${percent(figure.spread)}`
    : shortNumber(figure.value);
}
