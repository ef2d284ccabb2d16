import { makeComparison } from '../../src/cli/bench/comparison.ts';
import type { Comparison } from '../../src/cli/bench/comparison.ts';
import type { Measurement } from '../../src/cli/bench/measurement.ts';

/** The values of a measurement that a test sets. The others are derived. */
export interface MadeUp extends Partial<Pick<Measurement, 'histogram' | 'rates' | 'rounds'>> {
  readonly slots: number;
  readonly threads?: number;
  readonly perSecond: number;
  readonly standardError?: number;
  readonly cpuMs?: number;
  readonly delayMs?: number;
  readonly peakMemoryMiB?: number;
  readonly others?: number;
  readonly stolen?: number;
  readonly loadCore?: number;
  readonly failed?: number;
  readonly total?: number;
  readonly askedSlots?: number;
}

/** A measurement of a closed loop, in which each slot is busy all the time. */
export function madeUp(given: MadeUp): Measurement {
  const { slots, threads = slots, perSecond, cpuMs = 100, failed = 0, askedSlots } = given;
  const mean = (slots * 1000) / perSecond;
  return {
    slots,
    threads,
    invocationsPerThread: slots / threads,
    ...(askedSlots !== undefined && { askedSlots }),
    perSecond,
    standardError: given.standardError ?? 0.01,
    steady: true,
    latencyMs: { mean, p50: mean, p90: mean * 1.1, p99: mean * 1.5, max: mean * 2 },
    histogram: given.histogram ?? [],
    answers: { total: given.total ?? 100, failed, ...(failed > 0 && { firstError: 'TypeError: no' }) },
    cpu: {
      msPerInvocation: cpuMs,
      delayMsPerInvocation: given.delayMs ?? 0,
      cores: (cpuMs * perSecond) / 1000,
    },
    peakMemoryMiB: given.peakMemoryMiB ?? 200,
    loadCore: given.loadCore ?? 0.1,
    others: given.others ?? 0,
    stolen: given.stolen ?? 0,
    rounds: given.rounds ?? [],
    rates: given.rates ?? [],
  };
}

export function madeUpComparison(some: readonly MadeUp[], cores = 2): Comparison {
  const machine = { cpu: 'a CPU', cores, memoryMiB: 8192, os: 'an OS', node: 'v24' };
  const about = {
    workerFile: 'handler.ts',
    options: {},
    events: 1,
    seconds: 3,
    date: 'today',
    version: '0',
    machine,
  };
  return makeComparison(about, some.map(madeUp));
}

/** 100 ms of CPU time. */
export const COMPUTING: readonly MadeUp[] = [
  { slots: 1, perSecond: 9.9 },
  { slots: 2, perSecond: 19.5 },
  { slots: 4, perSecond: 20 },
  { slots: 8, perSecond: 19.8 },
];

/** 100 ms of which 1 is CPU time. */
export const waiting = (slots: number, threads = slots, ms = 100): MadeUp => ({
  slots,
  threads,
  perSecond: (slots * 1000) / ms,
  cpuMs: 1,
  peakMemoryMiB: 100 + 30 * threads,
});
export const WAITING: readonly MadeUp[] = [
  waiting(1),
  waiting(2),
  waiting(4),
  waiting(8),
  waiting(8, 2),
  waiting(32, 2),
  waiting(128, 2),
];

export const withAll = (some: readonly MadeUp[], change: Partial<MadeUp>): MadeUp[] =>
  some.map((each) => Object.assign({}, each, change));
