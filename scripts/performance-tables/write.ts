/**
 * Writes the results of the benchmark into docs/performance.md and bench/README.md, and draws the chart of the README:
 *
 *     npm run docs:performance -- bench/results/bench.json
 *
 * With several files, a later one replaces the scenarios that an earlier one also has.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import type { RunRecord } from '../../bench/report/record.ts';
import { CHART, tailLatencyChart } from '../charts/tail-latency.ts';
import { ROOT } from '../root.ts';
import { comparisonTable, goalTable, mergeGoals, replaceTable } from './tables.ts';

const MARKER = '<!-- The table is written by npm run docs:performance. -->';

const files = process.argv.slice(2);
if (files.length === 0) throw new Error('Name the JSON file of a run of the benchmark.');
const goals = mergeGoals(files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as RunRecord));
await write('docs/performance.md', comparisonTable(goals));
await write('bench/README.md', goalTable(goals));
writeFileSync(join(ROOT, CHART), tailLatencyChart());

async function write(page: string, table: string): Promise<void> {
  const file = join(ROOT, page);
  const text = replaceTable(readFileSync(file, 'utf8'), MARKER, table);
  const config = await resolveConfig(file);
  writeFileSync(file, await format(text, { ...config, filepath: file }));
}
