import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import { describeSetup, percent, shortNumber } from './measurement.ts';
import type { AtRate, Measurement, Setup } from './measurement.ts';
import { describe, settings } from './record.ts';
import type { BenchRecord } from './record.ts';

/** The record as text. */
export function terminalReport(record: BenchRecord): string {
  const atRates = rateColumns(record);
  const { warnings, recommendation } = record;
  const width = Math.max(...settings(record).map(([name]) => name.length));
  return [
    describe(record).join('\n'),
    `${SETUP_LEGEND}\n${drawn(setupColumns(record))}`,
    ...(atRates.rows.length > 0 ? [`${RATE_LEGEND}\n${drawn(atRates)}`] : []),
    ['Recommended:', ...settings(record).map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)].join(
      '\n',
    ),
    ['Why:', ...recommendation.rationale.map((reason) => `  - ${reason}`)].join('\n'),
    ...(warnings.length > 0 ? [['Mind:', ...warnings.map((each) => `  - ${each}`)].join('\n')] : []),
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

/** Tells how far a bench is. */
export interface Progress {
  /** @param done how far this setup is, 0 to 1; @param setups how many there will be at most, those before included. */
  phase(setup: Setup, phase: string, done: number, setups: number): void;
  measured(measurement: Measurement): void;
  end(): void;
}

/** On stderr: a bar on a terminal, a line for each setup elsewhere. */
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
    // Whatever ends the process, the cursor comes back.
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

/** A table without a form: for the terminal and for the page. */
export interface Columns {
  readonly head: readonly string[];
  readonly rows: ReadonlyArray<readonly string[]>;
}

/** A row for each setup, the knee marked. */
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
  'Each slot busy all the time. per s: invocations, ± the standard error. CPU ms: of the runtime, for each invocation. ' +
  'cores: how many it kept busy. MiB: peak of resident memory.';

/** A row for each setup and rate; none where no rates were given. */
export function rateColumns({ measurements }: BenchRecord): Columns {
  return {
    head: ['slots', 'threads', 'rate/s', 'p50 ms', 'p90 ms', 'p99 ms', 'cores', 'failed'],
    rows: measurements.flatMap((each) => each.rates.map((rate) => rateRow(each, rate))),
  };
}

export const RATE_LEGEND =
  'Events at random times, so many a second; latencies from the instant when an event was due, so waiting for a slot counts.';

function rateRow({ slots, threads }: Measurement, rate: AtRate): string[] {
  const place = [String(slots), String(threads), String(rate.perSecond)];
  if ('tooMuch' in rate) return [...place, 'more than it can do', '', '', '', ''];
  return [...place, ...latencies(rate), shortNumber(rate.cpuCores), String(rate.answers.failed)];
}

function latencies({ latencyMs: { p50, p90, p99 } }: Pick<Measurement, 'latencyMs'>): string[] {
  return [p50, p90, p99].map(shortNumber);
}
