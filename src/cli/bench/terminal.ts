import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import { describeSetup, shortNumber } from './measurement.ts';
import type { Measurement, Setup } from './measurement.ts';
import { describe, settings } from './record.ts';
import type { BenchRecord } from './record.ts';
import { RATE_LEGEND, SETUP_LEGEND, rateColumns, setupColumns } from './report-tables.ts';
import type { Columns } from './report-tables.ts';

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
