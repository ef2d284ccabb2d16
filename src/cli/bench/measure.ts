import { MeasuredSize } from './measured-size.ts';
import type { Method } from './measured-size.ts';
import { describeSetup } from './measurement.ts';
import type { Measurement, Setup } from './measurement.ts';
import { MORE_ROUNDS, ROUNDS } from './rounds.ts';
import { maxSetups, nextSetup } from './setups.ts';
import type { Sizes } from './setups.ts';

/** Shows the progress of a measurement. */
export interface Progress {
  /** @param done the progress of the whole measurement, 0 to 1. */
  step(what: string, done: number): void;
  /** A size has been measured for the first time. */
  measured(measurement: Measurement): void;
  /** Another round of all sizes begins. */
  round(round: number, of: number): void;
}

/**
 * Measures the sizes in turn, in several short rounds, so that a change of the machine affects all of them. The runtimes of
 * all sizes stay alive until the end. The first round determines the sizes; a later one may add some.
 *
 * Rejects with a BenchError when the handler cannot be loaded, all invocations fail, or a runtime's process exits.
 */
export async function measureInTurn(
  method: Method,
  sizes: Sizes,
  progress: Progress,
): Promise<Measurement[]> {
  const running: MeasuredSize[] = [];
  const measurements = (): Measurement[] => running.map((size) => size.measurement());
  let steps = 0;
  const step = (setup: Setup, phase: string): void => {
    const all = Math.max(maxSetups(steps === 0 ? [] : measurements(), sizes), running.length);
    progress.step(`${describeSetup(setup)}: ${phase}`, Math.min(1, steps / (all * STEPS_PER_SIZE)));
  };
  try {
    for (let round = 1; round <= ROUNDS + MORE_ROUNDS; round += 1) {
      const due = running.filter((size) => size.needsRound);
      if (round > 1 && due.length > 0) progress.round(round, Math.max(round, ROUNDS));
      for (const size of due) {
        step(size.setup, `round ${round}`);
        await size.measureRound();
        steps += 1;
      }
      for (let setup; (setup = nextSetup(measurements(), sizes)) !== undefined;) {
        step(setup, 'warming up');
        const size = await MeasuredSize.start(setup, method);
        try {
          await size.warmUp();
          // A size that a later round adds catches up.
          for (let each = 0; each < Math.min(round, ROUNDS); each += 1) await size.measureRound();
        } catch (error) {
          await size.end();
          throw error;
        }
        running.push(size);
        steps += 2;
        progress.measured(size.measurement());
      }
    }
    for (const size of running) {
      await size.measureRates((perSecond) => step(size.setup, `measuring at ${perSecond}/s`));
    }
    return measurements();
  } finally {
    await Promise.all(running.map((size) => size.end()));
  }
}

/** The warm-up counts as one. */
const STEPS_PER_SIZE = ROUNDS + 1;
