/**
 * Measures a handler with several numbers of slots, as the command `bench` does, in a script of your own.
 *
 * @module lambda-managed-runtime/bench
 */
import type { CompareOptions } from './compare-sizes.ts';
import type { Comparison } from './comparison.ts';

export type { CompareOptions } from './compare-sizes.ts';
export type { About, Comparison, Cost, Recommendation, SizeResult } from './comparison.ts';
export type { EnvironmentSize } from './environment-size.ts';
export type { Machine } from './machine.ts';
export type {
  Answers,
  AtRate,
  CpuUse,
  HistogramBucket,
  Latency,
  MeasuredRate,
  Measurement,
  RoundSummary,
  Setup,
  SkippedRate,
} from './measurement.ts';
export type { Advice, Basis } from './recommendation.ts';
export type { Modules } from './runtime-process.ts';
export type { Workload } from './workload.ts';

/**
 * Measures a handler with several numbers of slots and recommends settings. Each size runs in a process of its own, with the
 * real runtime; this process generates the load, so it should do nothing else meanwhile.
 *
 * @param workerFile The handler's file: a path from the working directory, or a `file:` URL.
 * @param options Sizes, events, duration, and the options of the function's bootstrap. All are optional.
 * @returns The measurements and the recommendation. Check `reliable`: if it is false, other programs disturbed the
 *   measurements, or invocations failed.
 * @throws Rejects with a `RangeError` if an option is out of range, with a `ManagedRuntimeError` if `options.options` is
 *   invalid, and with an `Error` if the handler cannot be loaded, all invocations fail, or the runtime's process ends.
 * @example
 * ```ts
 * import { compareSizes } from 'lambda-managed-runtime/bench';
 *
 * const { reliable, measurements } = await compareSizes(new URL('./handler.ts', import.meta.url), {
 *   sizes: [1, 2, 4],
 *   events: [{ width: 800 }, { width: 1200 }],
 * });
 * const cpuMs = Math.max(...measurements.map(({ cpu }) => cpu.msPerInvocation));
 * if (reliable && cpuMs > 250) throw new Error(`An invocation takes ${cpuMs} ms of CPU time.`);
 * ```
 */
export async function compareSizes(
  workerFile: string | URL,
  options: CompareOptions = {},
): Promise<Comparison> {
  const bench = await import('../bench.ts');
  return bench.compareSizes(workerFile, options);
}

/**
 * Formats a comparison as a page with plots, as `--html` of the command does. The page loads nothing from other hosts.
 *
 * @param comparison The result of {@link compareSizes}.
 * @returns The text of an HTML file.
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs';
 * import { compareSizes, htmlReport } from 'lambda-managed-runtime/bench';
 *
 * writeFileSync('report.html', await htmlReport(await compareSizes('handler.ts')));
 * ```
 */
export async function htmlReport(comparison: Comparison): Promise<string> {
  const bench = await import('../bench.ts');
  return bench.htmlReport(comparison);
}

/**
 * Formats a comparison as the text that the command prints: a table, the recommendation, and caveats.
 *
 * @param comparison The result of {@link compareSizes}.
 * @returns Several lines of text.
 * @example
 * ```ts
 * import { compareSizes, textReport } from 'lambda-managed-runtime/bench';
 *
 * process.stdout.write(await textReport(await compareSizes('handler.ts')));
 * ```
 */
export async function textReport(comparison: Comparison): Promise<string> {
  const bench = await import('../bench.ts');
  return bench.terminalReport(comparison);
}
