/**
 * Checks the advice of the command `lambda-managed-runtime bench`: measures a handler that computes and one that waits,
 * several times with the machine as it is, and several times with a busy loop on every core. Fails if a wrong recommendation
 * came with exit code 0. Needs a build, and nothing else that uses the machine.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import type { BenchRecord, Recommendation } from '../../src/cli/bench/comparison.ts';
import { counted, percent } from '../../src/cli/bench/measurement.ts';
import { exitOnSignals } from '../../src/cli/serve.ts';
import { findBuiltPackage } from '../built-package.ts';
import { faultForComputing, faultForWaiting } from './faults.ts';

interface MeasuredHandler {
  readonly name: string;
  readonly workerFile: string;
  readonly event: unknown;
  /** What is wrong with a recommendation; undefined if it is right. */
  readonly faultOf: (
    recommendation: Recommendation,
    measurements: BenchRecord['measurements'],
  ) => string | undefined;
}

interface Run {
  readonly exitCode: number | null;
  /** Undefined if the command wrote none. */
  readonly record: BenchRecord | undefined;
  readonly isMarked: boolean;
  readonly stderr: string;
}

const cores = availableParallelism();
const HANDLERS: readonly MeasuredHandler[] = [
  {
    name: 'image',
    workerFile: path('../../examples/image/handler.ts'),
    event: { width: 1200 },
    faultOf: (recommendation) => faultForComputing(recommendation, cores),
  },
  { name: 'wait', workerFile: path('../handlers/wait.mjs'), event: { ms: 50 }, faultOf: faultForWaiting },
];
exitOnSignals();
const { values } = parseArgs({
  options: {
    /** For each handler, quiet and busy. */
    runs: { type: 'string', default: '3' },
    /** `--seconds` of the command. */
    seconds: { type: 'string', default: '3' },
    /** A folder for the reports and results of all runs. */
    keep: { type: 'string' },
    /** The `dist/src/cli/main.js` of another build. */
    runtime: { type: 'string' },
  },
});
const { entry } = findBuiltPackage(values.runtime);
const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'bench-advice-'));
mkdirSync(folder, { recursive: true });
process.on('exit', () => {
  if (values.keep === undefined) rmSync(folder, { recursive: true, force: true });
});

const table = new Table({
  head: ['cores', 'handler', 'run', 'others', 'recommendation', 'marked', 'exit code', 'verdict'],
  style: { head: [], border: [] },
});
const failures: string[] = [];
for (const isBusy of [false, true]) {
  const stop = isBusy ? startBusyLoops() : undefined;
  for (const handler of HANDLERS) {
    for (let run = 1; run <= Number(values.runs); run += 1) {
      const which = [isBusy ? 'busy' : 'quiet', handler.name, String(run)];
      const row = [...which, ...judge(handler, which.join('-'), await measure(handler, which.join('-')))];
      table.push(row);
      process.stderr.write(`${row.join(' | ')}\n`);
    }
  }
  stop?.();
}
process.stdout.write(`${table.toString()}\n${failures.map((failure) => `FAILED: ${failure}\n`).join('')}`);
process.exitCode = failures.length === 0 ? 0 : 1;

async function measure({ workerFile, event }: MeasuredHandler, which: string): Promise<Run> {
  const [events, json] = [join(folder, `${which}-event.json`), join(folder, `${which}.json`)];
  writeFileSync(events, JSON.stringify(event));
  rmSync(json, { force: true });
  const args = [entry, 'bench', workerFile, '--events', events, '--json', json, '--seconds', values.seconds];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = () => child.kill('SIGTERM');
  process.on('exit', kill);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  process.off('exit', kill);
  writeFileSync(join(folder, `${which}.txt`), stdout);
  const isMarked = stdout.startsWith('UNRELIABLE\n');
  return { exitCode, record: readRecord(json), isMarked, stderr };
}

function readRecord(file: string): BenchRecord | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as BenchRecord;
  } catch {
    return undefined;
  }
}

/** Returns the end of a row of the table, and notes what must not be. */
function judge(handler: MeasuredHandler, which: string, run: Run): string[] {
  const { exitCode, record, isMarked, stderr } = run;
  if (record === undefined) {
    failures.push(`${which}: exit code ${exitCode}, and no measurements.\n${stderr}`);
    return ['', '', '', String(exitCode), 'FAILED'];
  }
  const { recommendation, measurements, reliable } = record;
  const fault = recommendation === null ? undefined : handler.faultOf(recommendation, measurements);
  if (fault !== undefined && exitCode === 0) failures.push(`${which}: ${fault}, with exit code 0.`);
  if (isMarked === reliable || exitCode !== (reliable ? 0 : 2))
    failures.push(`${which}: reliable is ${reliable}, but the exit code is ${exitCode}.`);
  return [
    percent(Math.max(...measurements.map(({ others }) => others))),
    recommendation === null ? 'none' : describe(recommendation),
    isMarked ? 'UNRELIABLE' : '',
    String(exitCode),
    fault === undefined ? (recommendation === null ? 'none' : 'right') : `WRONG: ${fault}`,
  ];
}

function describe({ advice, basis }: Recommendation): string {
  const { perExecutionEnvironmentMaxConcurrency: slots, threads, environment } = advice;
  const { vCpus, memoryMiB } = environment;
  return `${counted(slots, 'slot')}, ${counted(threads, 'thread')}, ${counted(vCpus, 'vCPU')}, ${memoryMiB} MiB, from ${basis}`;
}

/** Keeps every core busy. Returns what ends the loops; they also end with this process. */
function startBusyLoops(): () => void {
  const loop = 'const parent = process.ppid; while (process.ppid === parent);';
  const children = Array.from({ length: cores }, () =>
    spawn(process.execPath, ['--eval', loop], { stdio: 'ignore' }),
  );
  const stop = () => children.forEach((child) => child.kill('SIGKILL'));
  process.on('exit', stop);
  return stop;
}

function path(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}
