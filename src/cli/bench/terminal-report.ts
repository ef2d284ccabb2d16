import Table from 'cli-table3';
import { RATE_LEGEND, SETUP_LEGEND, rateColumns, setupColumns } from './columns.ts';
import type { Columns } from './columns.ts';
import { describe, settings } from './record.ts';
import type { BenchRecord } from './record.ts';

/** The record as text. */
export function terminalReport(record: BenchRecord): string {
  const atRates = rateColumns(record);
  const { cautions, recommendation } = record;
  const width = Math.max(...settings(record).map(([name]) => name.length));
  return [
    describe(record).join('\n'),
    `${SETUP_LEGEND}\n${drawn(setupColumns(record))}`,
    ...(atRates.rows.length > 0 ? [`${RATE_LEGEND}\n${drawn(atRates)}`] : []),
    ['Recommended:', ...settings(record).map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)].join(
      '\n',
    ),
    ['Why:', ...recommendation.why.map((reason) => `  - ${reason}`)].join('\n'),
    ...(cautions.length > 0 ? [['Mind:', ...cautions.map((each) => `  - ${each}`)].join('\n')] : []),
    '',
  ].join('\n\n');
}

function drawn({ head, rows }: Columns): string {
  const table = new Table({
    head: [...head],
    style: { head: [], border: [] },
    colAligns: head.map((name) => (name === '' ? 'left' : 'right')),
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString();
}
