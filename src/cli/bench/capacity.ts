import type { Measurement } from './measurement.ts';

/**
 * The duration of an invocation if its threads had had a core whenever they were ready, in ms. Native code may use several
 * threads for one invocation: their delays add up to more than the invocation lost, so the duration is never taken to be
 * shorter than the CPU time.
 */
export function undisturbedMs({ latencyMs, cpu }: Measurement): number {
  const { mean } = latencyMs;
  return Math.max(mean - cpu.delayMsPerInvocation, Math.min(mean, cpu.msPerInvocation));
}

/**
 * The throughput that this size can have on cores of its own: its slots at their undisturbed duration, or what the cores can
 * serve at the measured CPU time per invocation, whichever is less. Never below the observed throughput.
 */
export function possiblePerSecond(each: Measurement, cores: number): number {
  return Math.max(
    each.perSecond,
    Math.min((each.slots * 1000) / undisturbedMs(each), servedByCores(each.cpu.msPerInvocation, cores)),
  );
}

/**
 * The throughput that follows from CPU time alone: as {@link possiblePerSecond}, with the waiting time of the smallest size,
 * where invocations disturb each other least.
 */
export function expectedPerSecond(each: Measurement, smallest: Measurement, cores: number): number {
  const waitMs = Math.max(0, undisturbedMs(smallest) - smallest.cpu.msPerInvocation);
  const cpuMs = each.cpu.msPerInvocation;
  const parallelMs = Math.min(cpuMs, undisturbedMs(each));
  return Math.min((each.slots * 1000) / (waitMs + parallelMs), servedByCores(cpuMs, cores));
}

/** The throughput if each slot were as fast as in the smallest size, up to what the cores can serve. */
export function idealPerSecond(each: Measurement, smallest: Measurement, cores: number): number {
  return Math.min(
    (each.slots * 1000) / undisturbedMs(smallest),
    servedByCores(smallest.cpu.msPerInvocation, cores),
  );
}

/** The number of cores that the runtime keeps busy at {@link possiblePerSecond}. */
export function busyCores(each: Measurement, cores: number): number {
  return Math.min(cores, (possiblePerSecond(each, cores) * each.cpu.msPerInvocation) / 1000);
}

/** The size with the fewest slots. */
export function smallestOf(measured: readonly Measurement[]): Measurement {
  return measured.reduce((least, each) => (each.slots < least.slots ? each : least));
}

function servedByCores(cpuMs: number, cores: number): number {
  return (cores * 1000) / cpuMs;
}
