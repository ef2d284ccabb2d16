import type { RunRecord } from '../../bench/report/record.ts';
import { ratioOf } from '../../bench/report/summary.ts';
import type { Figure, GoalRow } from '../../bench/report/summary.ts';
import { METRICS } from '../../bench/scenarios/scenario.ts';
import { shortNumber } from '../../src/cli/bench/measurement.ts';

/** The goals of several runs. A later run replaces the scenarios that an earlier one also has. */
export function mergeGoals(records: readonly Pick<RunRecord, 'goals'>[]): GoalRow[] {
  return records.reduce<GoalRow[]>((merged, { goals }) => {
    const isReplaced = ({ scenario }: GoalRow) => goals.some((goal) => goal.scenario === scenario);
    return [...merged.filter((row) => !isReplaced(row)), ...goals];
  }, []);
}

/** The rows of docs/performance.md: each metric beside AWS's client. */
export function comparisonTable(goals: readonly GoalRow[]): string {
  const rows = goals.flatMap((row, index) => {
    const isFirst = goals.findIndex((each) => keyOf(each) === keyOf(row)) === index;
    const theirs = [row.reference, ...row.others].find((each) => each?.label.startsWith(AWS));
    if (!isFirst || row.ours === undefined || theirs === undefined) return [];
    const values = [row.ours.value, theirs.value, ratioOf(row.ours, theirs)];
    return [[row.title, unitOf(row), ...values.map(shortNumber)]];
  });
  return table(['scenario', 'metric', 'ours', 'AWS’s', 'ratio'], rows);
}

/** The rows of bench/README.md: each goal, and whether it is met. */
export function goalTable(goals: readonly GoalRow[]): string {
  const rows = goals.map((row) => [
    `\`${row.scenario}\``,
    unitOf(row),
    withSpread(row.ours),
    row.against === AWS ? withSpread(row.reference) : `${withSpread(row.reference)}, ${row.against}`,
    shortNumber(row.ratio),
    `${METRICS[row.metric].better === 'higher' ? '≥' : '≤'} ${row.goal}`,
    row.met === undefined ? '' : row.met ? 'yes' : 'no',
  ]);
  return table(['scenario', 'metric', 'ours', 'measured against', 'ratio', 'goal', 'met'], rows);
}

/** Replaces the table below a marker, which is a comment of the page. */
export function replaceTable(page: string, marker: string, replacement: string): string {
  const start = page.indexOf(marker);
  if (start === -1) throw new Error(`The page has no comment ${marker}.`);
  const [head, rest] = [page.slice(0, start + marker.length), page.slice(start + marker.length)];
  return `${head}\n\n${replacement}\n${rest.replace(/^\n*(\|.*\n)*/, '')}`;
}

const AWS = 'aws-lambda-ric';

const keyOf = ({ scenario, metric }: GoalRow): string => `${scenario} ${metric}`;

const unitOf = ({ metric }: GoalRow): string => METRICS[metric].title;

function withSpread(figure: Figure | undefined): string {
  return figure === undefined ? '–' : `${shortNumber(figure.value)} (± ${Math.round(figure.spread * 100)} %)`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const alignment = head.map((title) => (['ours', 'AWS’s', 'ratio'].includes(title) ? '---:' : '---'));
  return [head, alignment, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
