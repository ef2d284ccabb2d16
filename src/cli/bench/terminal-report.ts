import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import { describeSetup, percent, shortNumber } from './measurement.ts';
import type { AtRate, Measurement } from './measurement.ts';
import { functionColumns, profileLegend } from './profile.ts';
import { contextLines, isRecommended, recommendedSettings } from './comparison.ts';
import type { BenchRecord, Comparison } from './comparison.ts';
import type { Progress } from './measure.ts';

/** Formats the result as text for a terminal. */
export function terminalReport(comparison: BenchRecord): string {
  const atRates = rateColumns(comparison);
  const { reliable, problems, caveats, profile } = comparison;
  return [
    ...(reliable ? [] : [['UNRELIABLE', ...problems.map((each) => `  - ${each}`)].join('\n')]),
    contextLines(comparison).join('\n'),
    `${SETUP_LEGEND}\n${drawTable(setupColumns(comparison))}`,
    ...(atRates.rows.length > 0 ? [`${RATE_LEGEND}\n${drawTable(atRates)}`] : []),
    ...recommended(comparison),
    ...(profile === undefined
      ? []
      : [`${profileLegend(profile)}\n${drawTable(functionColumns(profile), LEFT)}`]),
    ...(caveats.length > 0 ? [['Caveats:', ...caveats.map((each) => `  - ${each}`)].join('\n')] : []),
    '',
  ].join('\n\n');
}

function recommended({ recommendation, noRecommendation }: Comparison): string[] {
  if (recommendation === null) return [`No recommendation. ${noRecommendation}`];
  const settings = recommendedSettings(recommendation);
  const width = Math.max(...settings.map(([name]) => name.length));
  const basis = recommendation.basis === 'cpu-time' ? ' (from CPU time)' : '';
  return [
    [`Recommended${basis}:`, ...settings.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)].join(
      '\n',
    ),
    ['Why:', ...recommendation.rationale.map((reason) => `  - ${reason}`)].join('\n'),
  ];
}

/** Columns of text in the table of functions. */
const LEFT: readonly string[] = ['function', 'file and line'];

function drawTable({ head, rows }: Columns, left: readonly string[] = []): string {
  const table = new Table({
    head: [...head],
    style: { head: [], border: [] },
    colAligns: head.map((name) => (name === '' || left.includes(name) ? 'left' : 'right')),
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString();
}

/** Shows progress on stderr: a bar on a terminal, otherwise lines. `end` removes the bar. */
export function startProgress(): Progress & { end(): void } {
  return process.stderr.isTTY ? new Bar() : LINES;
}

class Bar implements Progress {
  readonly #bar = new SingleBar({
    format: '{bar} {percentage} % | {what}',
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
  });

  constructor() {
    this.#bar.start(1, 0, { what: '' });
    // Restores the cursor if the process ends early.
    process.once('exit', () => this.#bar.stop());
  }

  step(what: string, done: number): void {
    this.#bar.update(done, { what });
  }

  measured(): void {}

  round(): void {}

  end(): void {
    this.#bar.stop();
  }
}

const LINES: Progress & { end(): void } = {
  step: () => undefined,
  measured(measurement) {
    const { perSecond, latencyMs, cpu, answers } = measurement;
    const failed = answers.failed === 0 ? '' : `, ${answers.failed} of ${answers.total} FAILED`;
    process.stderr.write(
      `bench: ${describeSetup(measurement)}: ${shortNumber(perSecond)} invocations/s, p99 ${shortNumber(latencyMs.p99)} ms, ` +
        `${shortNumber(cpu.cores)} cores busy${failed}\n`,
    );
  },
  round: (round, of) => process.stderr.write(`bench: round ${round} of ${of}\n`),
  end: () => undefined,
};

/** The content of a table, for both the terminal and the HTML report. */
export interface Columns {
  readonly head: readonly string[];
  readonly rows: ReadonlyArray<readonly string[]>;
}

/** One row per setup. The recommended one is marked. */
export function setupColumns(comparison: Comparison): Columns {
  return {
    head: [
      'slots',
      'threads',
      'per s',
      '±',
      'possible',
      'p50 ms',
      'p90 ms',
      'p99 ms',
      'CPU ms',
      'cores',
      'MiB',
      'failed',
      '',
    ],
    rows: comparison.measurements.map((each) => [
      String(each.slots),
      String(each.threads),
      shortNumber(each.perSecond),
      percent(each.standardError),
      shortNumber(each.possiblePerSecond),
      ...latencies(each),
      shortNumber(each.cpu.msPerInvocation),
      shortNumber(each.cpu.cores),
      shortNumber(each.peakMemoryMiB),
      String(each.answers.failed),
      isRecommended(each, comparison) ? '◀ recommended' : '',
    ]),
  };
}

export const SETUP_LEGEND =
  'All slots busy. per s: observed invocations per second. ±: standard error. possible: invocations per second on cores of ' +
  'its own, from CPU time. CPU ms: CPU time of the runtime per invocation. cores: CPU cores used. MiB: peak resident memory.';

/** One row per setup and rate; empty without rates. */
export function rateColumns({ measurements }: Comparison): Columns {
  return {
    head: ['slots', 'threads', 'rate/s', 'p50 ms', 'p90 ms', 'p99 ms', 'cores', 'failed'],
    rows: measurements.flatMap((each) => each.rates.map((rate) => rateRow(each, rate))),
  };
}

export const RATE_LEGEND =
  'Events at random times at a mean rate. Latency counts from the instant at which an event was due, so it includes waiting for a slot.';

function rateRow({ slots, threads }: Measurement, rate: AtRate): string[] {
  const setup = [String(slots), String(threads), String(rate.perSecond)];
  if ('tooMuch' in rate) return [...setup, 'above throughput', '', '', '', ''];
  return [...setup, ...latencies(rate), shortNumber(rate.cpuCores), String(rate.answers.failed)];
}

function latencies({ latencyMs: { p50, p90, p99 } }: Pick<Measurement, 'latencyMs'>): string[] {
  return [p50, p90, p99].map(shortNumber);
}
