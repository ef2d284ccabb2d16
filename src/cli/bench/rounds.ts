import type { Used } from './machine.ts';
import { invocationsPerThread } from './measurement.ts';
import type { AtRate, Measurement, Setup } from './measurement.ts';
import { NOISY_SHARE } from './reliability.ts';
import { Tally } from './tally.ts';

/** One round of a size: the answers, and the CPU time meanwhile. */
export interface Round {
  readonly tally: Tally;
  readonly used: Used;
}

/** What a size is measured with, besides its rounds. */
export interface RoundContext {
  readonly setup: Setup;
  /** The slots that the runtime could start. */
  readonly slots: number;
  readonly steady: boolean;
  readonly peakMemoryMiB: number;
  readonly rates: readonly AtRate[];
}

/** The number of rounds for each size. */
export const ROUNDS = 3;

/** Rounds above {@link ROUNDS} that a disturbed size gets. */
export const MORE_ROUNDS = 2;

/** Whether a size needs another round, because other programs disturbed too many. */
export function needsRound(rounds: readonly Round[]): boolean {
  return (
    rounds.length < ROUNDS ||
    (rounds.length < ROUNDS + MORE_ROUNDS && quietRounds(rounds).length < MIN_QUIET_ROUNDS)
  );
}

/** Combines the rounds of a size: those without disturbance, if there are enough of them, otherwise all. */
export function combineRounds(rounds: readonly Round[], context: RoundContext): Measurement {
  const { setup, slots, steady, peakMemoryMiB, rates } = context;
  const quiet = quietRounds(rounds);
  const used = quiet.length >= MIN_QUIET_ROUNDS ? quiet : rounds;
  const tally = Tally.of(used.map((round) => round.tally));
  const wallMs = used.reduce((sum, round) => sum + round.used.wallMs, 0);
  const weighted = (metric: (each: Used) => number): number =>
    used.reduce((sum, round) => sum + metric(round.used) * round.used.wallMs, 0) / wallMs;
  const { perSecond, standardError } = tally.throughput(slots);
  const cores = weighted((each) => each.cores);
  const perThread = invocationsPerThread(setup);
  return {
    slots,
    threads: Math.ceil(slots / perThread),
    invocationsPerThread: perThread,
    ...(slots < setup.slots && { askedSlots: setup.slots }),
    perSecond,
    standardError,
    steady,
    latencyMs: tally.latency,
    histogram: tally.histogram,
    // All of them: a failure in a disturbed round is a failure.
    answers: Tally.of(rounds.map((round) => round.tally)).answers,
    cpu: {
      msPerInvocation: (cores * 1000) / perSecond,
      delayMsPerInvocation: (weighted((each) => each.delayedThreads) * 1000) / perSecond,
      cores,
    },
    peakMemoryMiB,
    loadCore: weighted((each) => each.loadCore),
    others: weighted((each) => each.others),
    stolen: weighted((each) => each.stolen),
    rounds: rounds.map((round) => {
      const inRound = round.tally.throughput(slots).perSecond;
      return {
        perSecond: inRound,
        cpuMsPerInvocation: (round.used.cores * 1000) / inRound,
        others: round.used.others,
        counted: used.includes(round),
      };
    }),
    rates,
  };
}

const MIN_QUIET_ROUNDS = 2;

function quietRounds(rounds: readonly Round[]): readonly Round[] {
  return rounds.filter(({ used }) => used.others <= NOISY_SHARE);
}
