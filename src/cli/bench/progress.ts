import { SingleBar } from 'cli-progress';
import type { Measurement } from './measurement.ts';
import { shortNumber } from './numbers.ts';
import { named } from './setup.ts';
import type { Setup } from './setup.ts';

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
    this.#bar.update(this.#measured + done, { what: `${named(setup)}: ${phase}` });
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
      `bench: ${named(measurement)}: ${shortNumber(perSecond)} invocations/s, p99 ${shortNumber(latencyMs.p99)} ms, ` +
        `${shortNumber(cpu.cores)} cores busy${failed}\n`,
    );
  },
  end: () => undefined,
};
