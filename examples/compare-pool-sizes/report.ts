import Table from 'cli-table3';
import type { Comparison, SizeResult } from '../../src/cli/bench/index.ts';
import type { Change, Results } from './results.ts';

/** Formats the measured sizes of all functions as one table, with the recommended settings below it. */
export function report(results: Results): string {
  const rows = Object.entries(results).flatMap(([name, comparison]) =>
    comparison.measurements.map((size) => [
      name,
      String(size.slots),
      number(size.perSecond),
      number(size.possiblePerSecond),
      number(size.latencyMs.p99),
      number(size.cpu.msPerInvocation),
      number(size.peakMemoryMiB),
      isRecommended(size, comparison) ? '◀ recommended' : '',
    ]),
  );
  const head = ['function', 'slots', 'per s', 'possible', 'p99 ms', 'CPU ms', 'MiB', ''];
  const settings = Object.entries(results).map(([name, comparison]) => `${name}: ${advice(comparison)}\n`);
  return `${table(head, rows)}\n\n${settings.join('')}`;
}

/** Formats the changes of all sizes as a table. */
export function changeReport(changes: readonly Change[]): string {
  const rows = changes.map(({ name, slots, cpuMs, possiblePerSecond, isRegression }) => [
    name,
    String(slots),
    ...[cpuMs, possiblePerSecond].flatMap(({ before, now, change }) => [
      number(before),
      number(now),
      percent(change),
    ]),
    isRegression ? '◀ REGRESSION' : '',
  ]);
  const head = ['function', 'slots', 'CPU ms, before', 'now', '', 'possible, before', 'now', '', ''];
  return `${table(head, rows)}\n`;
}

function advice({ recommendation, noRecommendation }: Comparison): string {
  if (recommendation === null) return `no recommendation. ${noRecommendation}`;
  const { perExecutionEnvironmentMaxConcurrency, environment } = recommendation.advice;
  return (
    `PerExecutionEnvironmentMaxConcurrency ${perExecutionEnvironmentMaxConcurrency}, ` +
    `MemorySize ${environment.memoryMiB}, ExecutionEnvironmentMemoryGiBPerVCpu ${environment.gibPerVCpu}`
  );
}

function isRecommended({ slots, threads }: SizeResult, { recommendation }: Comparison): boolean {
  return recommendation?.size.slots === slots && recommendation.size.threads === threads;
}

function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const drawn = new Table({
    head: [...head],
    style: { head: [], border: [] },
    colAligns: head.map((_, column) => (column === 0 || column === head.length - 1 ? 'left' : 'right')),
  });
  drawn.push(...rows.map((row) => [...row]));
  return drawn.toString();
}

function number(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

function percent(change: number): string {
  const rounded = Math.round(change * 100);
  return `${rounded > 0 ? '+' : ''}${rounded} %`;
}
