import { accessSync, constants, readFileSync, statSync, writeFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, resolve } from 'node:path';
import { readConfig } from '../config/config.ts';
import { BenchError, readEvents } from './bench/flags.ts';
import type { BenchFlags } from './bench/flags.ts';
import { canProfileThreads } from '../pool/cpu-profile.ts';
import { exitOnSignals, endProcessAfter } from './serve.ts';
import { OutputFile } from './bench/runtime-process.ts';
import { htmlReport } from './bench/html-report.ts';
import { readMachine } from './bench/machine.ts';
import { measure } from './bench/measure.ts';
import type { Method } from './bench/measure.ts';
import { describeSetup } from './bench/measurement.ts';
import type { Measurement } from './bench/measurement.ts';
import { profileSetup } from './bench/profile.ts';
import { startProgress, terminalReport } from './bench/terminal-report.ts';
import { makeRecord } from './bench/record.ts';
import type { BenchRecord } from './bench/record.ts';
import type { Modules } from './bench/runtime-process.ts';
import { maxSetups, nextSetup } from './bench/recommendation.ts';
import type { Sizes } from './bench/recommendation.ts';
import { applyFlags } from './flags.ts';

/** `lambda-managed-runtime bench <workerFile>`: measures a handler at several concurrencies and recommends one. */
export async function bench(workerFile: string, flags: BenchFlags): Promise<void> {
  exitOnSignals();
  await endProcessAfter(async () => {
    applyFlags(flags);
    const events = readEvents(flags.events);
    const modules = modulesOf(flags);
    const { timeoutMs } = readConfig({ kind: 'file', workerFile }, modules).local;
    const { seconds, rates } = flags;
    if (flags.profile === true && !canProfileThreads())
      throw new BenchError('--profile needs Node.js 22.20, 24.8 or newer.');
    if (flags.json !== '-') assertWritable(flags.json);
    assertWritable(flags.html);
    assertWritable(flags.log);
    const log = new OutputFile(flags.log);
    const machine = readMachine();
    const method = { workerFile, modules, events, timeoutMs, seconds, rates, log };
    const measurements = await measureSetups(method, { given: flags.sizes, cores: machine.cores });
    const about = { workerFile, modules, events: events.length, seconds, date: new Date().toISOString() };
    const record = makeRecord({ ...about, version: ownVersion(), machine }, measurements);
    write(flags.profile === true ? await withProfile(record, method) : record, flags);
  });
}

/** Profiles the recommended size. */
async function withProfile(record: BenchRecord, method: Method): Promise<BenchRecord> {
  const { slots, threads } = record.recommendation.knee.at;
  process.stderr.write(`bench: profiling ${describeSetup({ slots, threads })}\n`);
  return { ...record, profile: await profileSetup({ slots, threads }, method) };
}

async function measureSetups(method: Method, sizes: Sizes): Promise<Measurement[]> {
  const measured: Measurement[] = [];
  const progress = startProgress();
  try {
    for (;;) {
      const setup = nextSetup(measured, sizes);
      if (setup === undefined) return measured;
      const measurement = await measure(setup, method, (phase, done) =>
        progress.phase(setup, phase, done, maxSetups(measured, sizes)),
      );
      measured.push(measurement);
      progress.measured(measurement);
    }
  } finally {
    progress.end();
  }
}

function modulesOf({ services, sharedData, codec, preload }: BenchFlags): Modules {
  return {
    ...(services !== undefined && { services }),
    ...(sharedData !== undefined && { sharedData }),
    ...(codec !== undefined && { codec }),
    ...(preload.length > 0 && { preload }),
  };
}

/** Checks the output files before the measurement, which takes minutes. */
function assertWritable(file: string | undefined): void {
  if (file === undefined) return;
  if (file === '-') throw new BenchError('Only --json accepts - (stdout). Specify a file.');
  try {
    const found = statSync(file, { throwIfNoEntry: false });
    if (found?.isDirectory() === true) throw new Error('it is a directory');
    accessSync(found === undefined ? dirname(resolve(file)) : file, constants.W_OK);
  } catch (error) {
    throw new BenchError(`${file} cannot be written: ${(error as Error).message}`);
  }
}

function write(record: BenchRecord, { json, html, log }: BenchFlags): void {
  const recordJson = `${JSON.stringify(record, undefined, 2)}\n`;
  process.stdout.write(json === '-' ? recordJson : terminalReport(record));
  if (json !== undefined && json !== '-') writeFileSync(json, recordJson);
  if (html !== undefined) writeFileSync(html, htmlReport(record));
  const files = {
    'Measurements (JSON)': json === '-' ? undefined : json,
    'Report (HTML)': html,
    'Handler log': log,
  };
  for (const [label, file] of Object.entries(files)) {
    if (file !== undefined) process.stderr.write(`${label}: ${file}\n`);
  }
}

function ownVersion(): string {
  const file = findPackageJSON(import.meta.url) as string;
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
