import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import { describeSetup, percent, shortNumber } from './measurement.ts';
import type { AtRate, Measurement, Setup } from './measurement.ts';
import { functionColumns, profileLegend } from './profile.ts';
import { contextLines, recommendedSettings } from './record.ts';
import type { BenchRecord } from './record.ts';

/** Formats the record as text for a terminal. */
export function terminalReport(record: BenchRecord): string {
  const atRates = rateColumns(record);
  const { warnings, recommendation, profile } = record;
  const width = Math.max(...recommendedSettings(record).map(([name]) => name.length));
  return [
    contextLines(record).join('\n'),
    `${SETUP_LEGEND}\n${drawTable(setupColumns(record))}`,
    ...(atRates.rows.length > 0 ? [`${RATE_LEGEND}\n${drawTable(atRates)}`] : []),
    [
      'Recommended:',
      ...recommendedSettings(record).map(([name, value]) => `  ${name.padEnd(width)}  ${value}`),
    ].join('\n'),
    ['Why:', ...recommendation.rationale.map((reason) => `  - ${reason}`)].join('\n'),
    ...(profile === undefined
      ? []
      : [`${profileLegend(profile)}\n${drawTable(functionColumns(profile), LEFT)}`]),
    ...(warnings.length > 0 ? [['Warnings:', ...warnings.map((each) => `  - ${each}`)].join('\n')] : []),
    '',
  ].join('\n\n');
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

/** Shows the progress of a benchmark. */
export interface Progress {
  /**
   * @param done the progress of this setup, 0 to 1.
   * @param setups the maximum number of setups, including those already measured.
   */
  phase(setup: Setup, phase: string, done: number, setups: number): void;
  measured(measurement: Measurement): void;
  end(): void;
}

/** Shows progress on stderr: a bar on a terminal, otherwise one line per setup. */
export function startProgress(): Progress {
  return process.stderr.isTTY ? new Bar() : LINES;
}

class Bar implements Progress {
  readonly #bar = new SingleBar({
    format: '{bar} {percentage} % | {what}',
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
  });
  #measured = 0;

  constructor() {
    this.#bar.start(1, 0, { what: '' });
    // Restores the cursor if the process ends early.
    process.once('exit', () => this.#bar.stop());
  }

  phase(setup: Setup, phase: string, done: number, setups: number): void {
    this.#bar.setTotal(setups);
    this.#bar.update(this.#measured + done, { what: `${describeSetup(setup)}: ${phase}` });
  }

  measured(): void {
    this.#measured += 1;
  }

  end(): void {
    this.#bar.stop();
  }
}

const LINES: Progress = {
  phase: () => undefined,
  measured(measurement) {
    const { perSecond, latencyMs, cpu, answers } = measurement;
    const failed = answers.failed === 0 ? '' : `, ${answers.failed} of ${answers.total} FAILED`;
    process.stderr.write(
      `bench: ${describeSetup(measurement)}: ${shortNumber(perSecond)} invocations/s, p99 ${shortNumber(latencyMs.p99)} ms, ` +
        `${shortNumber(cpu.cores)} cores busy${failed}\n`,
    );
  },
  end: () => undefined,
};

/** The content of a table, for both the terminal and the HTML report. */
export interface Columns {
  readonly head: readonly string[];
  readonly rows: ReadonlyArray<readonly string[]>;
}

/** One row per setup. The recommended one is marked. */
export function setupColumns({ measurements, recommendation }: BenchRecord): Columns {
  return {
    head: [
      'slots',
      'threads',
      'per s',
      '±',
      'p50 ms',
      'p90 ms',
      'p99 ms',
      'CPU ms',
      'cores',
      'MiB',
      'failed',
      '',
    ],
    rows: measurements.map((each) => [
      String(each.slots),
      String(each.threads),
      shortNumber(each.perSecond),
      percent(each.error),
      ...latencies(each),
      shortNumber(each.cpu.msPerInvocation),
      shortNumber(each.cpu.cores),
      shortNumber(each.peakMemoryMiB),
      String(each.answers.failed),
      each === recommendation.knee.at ? '◀ knee' : '',
    ]),
  };
}

export const SETUP_LEGEND =
  'All slots busy. per s: invocations per second. ±: standard error. CPU ms: CPU time of the runtime per invocation. ' +
  'cores: CPU cores used. MiB: peak resident memory.';

/** One row per setup and rate; empty without rates. */
export function rateColumns({ measurements }: BenchRecord): Columns {
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
