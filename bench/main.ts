/** `npm run bench`: measures this runtime beside AWS's client. See README.md. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { compare, loadBaseline, saveBaseline } from './baseline.ts';
import { calibrate } from './calibration/bare-work.ts';
import type { Absentee, Contender } from './contenders/contender.ts';
import { readOptions } from './options.ts';
import type { Options } from './options.ts';
import { plan } from './plan.ts';
import type { Plan } from './plan.ts';
import { readMachine } from '../src/cli/bench/machine.ts';
import { UNPINNED, canPin, runtimeOnOneCore } from './proc/pinning.ts';
import { renderHtml } from './report/html.ts';
import { shortNumber } from '../src/cli/bench/measurement.ts';
import { contextLines, makeRecord } from './report/record.ts';
import type { RunRecord } from './report/record.ts';
import { renderTables } from './report/table.ts';
import { exitOnSignals } from '../src/cli/serve.ts';
import { runRounds } from './runner/rounds.ts';
import type { Failure, Sample } from './runner/sample.ts';
import { METRICS } from './scenarios/scenario.ts';
import type { Metric, Scenario } from './scenarios/scenario.ts';

exitOnSignals();
try {
  process.exitCode = await bench(readOptions(process.argv));
} catch (error) {
  process.stderr.write(`The benchmark can't run. ${(error as Error).message}\n`);
  process.exitCode = 1;
}

async function bench(options: Options): Promise<number> {
  if (process.platform !== 'linux')
    throw new Error('It reads CPU time and memory from /proc, which exists on Linux only.');
  const baseline = options.check ? loadBaseline() : undefined;
  const planned = plan(options);
  const record = await measure(options, planned);
  process.stdout.write(`\n${contextLines(record.about).join('\n')}\n\n${renderTables(record)}`);
  await write(record, options);
  if (options.saveBaseline) process.stdout.write(`The ratios are stored in ${await saveBaseline(record)}.\n`);
  const worse =
    (baseline !== undefined && regressed(baseline, record)) ||
    (planned.mustMeetGoals && record.goals.some(({ met }) => met !== true));
  const oursFailed = record.failures.some(({ contender }) => contender === 'ours');
  return worse || oursFailed ? 1 : 0;
}

async function measure(options: Options, planned: Plan): Promise<RunRecord> {
  const { scenarios } = planned;
  const contenders = planned.contenders.filter((each): each is Contender => 'command' in each);
  const absentees = planned.contenders.filter((each): each is Absentee => 'reason' in each);
  for (const { name, reason } of absentees) progress(`Without ${name}: ${reason}.`);
  const pinned = canPin();
  const machine = readMachine();
  const size = options.quick ? 'quick' : 'full';
  progress('Calibrating the CPU work …');
  const iterationsPerMs = await calibrate(options.quick ? 1 : 4);
  const result = await runRounds({
    scenarios,
    contenders,
    rounds: options.rounds,
    scale: { size, iterationsPerMs, cores: machine.cores },
    pinning: pinned ? runtimeOnOneCore() : UNPINNED,
    onStart: (label, { id }, round) => progress(`[${round}/${options.rounds}] ${id}: ${label} …`),
    onSample: (sample) => progress(`    ${headline(scenarios, sample)}`),
    onFailure: ({ label, message }: Failure) => progress(`    ${label} failed: ${message}`),
  });
  const about = {
    date: new Date().toISOString(),
    command: `npm run bench -- ${process.argv.slice(2).join(' ')}`.trim(),
    rounds: options.rounds,
    size,
    pinned,
    machine,
    versions: Object.fromEntries(contenders.filter(({ version }) => version).map(versionOf)),
    iterationsPerMs,
  } as const;
  return makeRecord(about, scenarios, { ...result, absentees });
}

function versionOf({ name, version }: Contender): [string, string] {
  return [name === 'ours' || name === 'single mode' ? 'lambda-managed-runtime' : name, version];
}

function headline(scenarios: readonly Scenario[], { scenario, metrics }: Sample): string {
  const goals = scenarios.find(({ id }) => id === scenario)?.goals ?? [];
  const shown: ReadonlySet<Metric> = new Set(
    goals.length > 0 ? goals.map(({ metric }) => metric) : ['rate', 'cpuUs'],
  );
  return [...shown].map((metric) => `${shortNumber(metrics[metric])} ${METRICS[metric].title}`).join(', ');
}

async function write(record: RunRecord, { json, html }: Options): Promise<void> {
  for (const file of [json, html]) mkdirSync(dirname(file), { recursive: true });
  writeFileSync(json, `${JSON.stringify(record, undefined, 2)}\n`);
  process.stdout.write(`\nMeasurements (JSON): ${json}\n`);
  const page = await renderHtml(record);
  if (page === undefined) {
    process.stdout.write(
      'No HTML report: its charting library is not installed. Run `npm install --prefix bench`.\n',
    );
    return;
  }
  writeFileSync(html, page);
  process.stdout.write(`Report (HTML): ${html}\n`);
}

function regressed(baseline: Parameters<typeof compare>[0], { goals }: RunRecord): boolean {
  const { compared, worse } = compare(baseline, goals);
  for (const { name, before, now, withinNoise } of worse) {
    const verdict = withinNoise ? 'WITHIN NOISE' : 'WORSE';
    process.stdout.write(`${verdict} ${name}: ${before} in the baseline, ${now} now\n`);
  }
  const clearly = worse.filter(({ withinNoise }) => !withinNoise).length;
  process.stdout.write(
    `${compared} ratios compared with the baseline: ${clearly} worse by more than a tenth, ${worse.length - clearly} more within noise\n`,
  );
  return clearly > 0 || compared === 0;
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}
