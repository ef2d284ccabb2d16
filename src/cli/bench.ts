import { accessSync, constants, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { exit } from '../builtins.ts';
import { canProfileThreads } from '../pool/cpu-profile.ts';
import { BenchError } from './bench/bench-error.ts';
import { compare, makeMethod } from './bench/compare-sizes.ts';
import type { BenchRecord, Comparison } from './bench/comparison.ts';
import { readEvents } from './bench/flags.ts';
import type { BenchFlags } from './bench/flags.ts';
import { htmlReport } from './bench/html-report.ts';
import type { Method } from './bench/measured-size.ts';
import { describeSetup } from './bench/measurement.ts';
import type { Setup } from './bench/measurement.ts';
import { profileSetup } from './bench/profile.ts';
import type { Modules } from './bench/runtime-process.ts';
import { startProgress, terminalReport } from './bench/terminal-report.ts';
import { applyFlags } from './flags.ts';
import { endProcessAfter, exitOnSignals } from './serve.ts';

/** For `lambda-managed-runtime/bench`, which loads it on demand: this keeps the code in one chunk, which layers leave out. */
export { compareSizes } from './bench/compare-sizes.ts';
export { htmlReport, terminalReport };

/** `lambda-managed-runtime bench <workerFile>`: measures a handler at several concurrencies and recommends one. */
export async function bench(workerFile: string, flags: BenchFlags): Promise<void> {
  exitOnSignals();
  await endProcessAfter(async () => {
    applyFlags(flags);
    const { seconds, rates, log } = flags;
    const events = readEvents(flags.events);
    if (flags.profile === true && !canProfileThreads())
      throw new BenchError('--profile needs Node.js 22.20, 24.8 or newer.');
    if (flags.json !== '-') assertWritable(flags.json);
    assertWritable(flags.html);
    assertWritable(log);
    const method = makeMethod(workerFile, { modules: modulesOf(flags), events, seconds, rates, log });
    const progress = startProgress();
    const comparison = await compare(method, flags.sizes, progress).finally(() => progress.end());
    write(flags.profile === true ? await withProfile(comparison, method) : comparison, flags);
    if (!comparison.reliable) exit(EXIT_CODE_UNRELIABLE);
  });
}

const EXIT_CODE_UNRELIABLE = 2;

/** Profiles the recommended size, or the one with the most throughput. */
async function withProfile(comparison: Comparison, method: Method): Promise<BenchRecord> {
  const { recommendation, measurements } = comparison;
  const { slots, threads }: Setup =
    recommendation?.size ??
    measurements.reduce((a, b) => (b.possiblePerSecond > a.possiblePerSecond ? b : a));
  process.stderr.write(`bench: profiling ${describeSetup({ slots, threads })}\n`);
  return { ...comparison, profile: await profileSetup({ slots, threads }, method) };
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

function write(comparison: BenchRecord, { json, html, log }: BenchFlags): void {
  const comparisonJson = `${JSON.stringify(comparison, undefined, 2)}\n`;
  process.stdout.write(json === '-' ? comparisonJson : terminalReport(comparison));
  if (json !== undefined && json !== '-') writeFileSync(json, comparisonJson);
  if (html !== undefined) writeFileSync(html, htmlReport(comparison));
  const files = {
    'Measurements (JSON)': json === '-' ? undefined : json,
    'Report (HTML)': html,
    'Handler log': log,
  };
  for (const [label, file] of Object.entries(files)) {
    if (file !== undefined) process.stderr.write(`${label}: ${file}\n`);
  }
}
