import { MAX_CONCURRENCY } from '../../config/environment.ts';
import { possiblePerSecond } from './capacity.ts';
import { MAX_SLOTS_PER_VCPU } from './environment-size.ts';
import { isShared } from './measurement.ts';
import type { Measurement, Setup } from './measurement.ts';
import { workloadOf } from './workload.ts';

/** The sizes to measure. */
export interface Sizes {
  /** Numbers of slots, ascending. If undefined, sizes are measured until throughput stops improving. */
  readonly given: readonly number[] | undefined;
  readonly cores: number;
}

/**
 * Returns the next setup to measure; undefined if no more are needed. The first setups have one thread per slot. If the
 * handler waits more than it computes, setups follow in which the slots share one thread per core.
 */
export function nextSetup(measured: readonly Measurement[], sizes: Sizes): Setup | undefined {
  const { given, cores } = sizes;
  const own = measured.filter((each) => !isShared(each));
  const ownSlots = ownSizes(sizes)[own.length];
  if (ownSlots !== undefined && needsLarger(own, sizes)) return { slots: ownSlots, threads: ownSlots };
  if (measured.length === 0 || !workloadOf(measured, cores).waits) return undefined;
  const shared = measured.filter(isShared);
  const sharedSlots = sharedSizes(sizes)[shared.length];
  if (sharedSlots === undefined || (given === undefined && !grows(shared, cores))) return undefined;
  return { slots: sharedSlots, threads: cores };
}

/** Returns the maximum number of setups, including those already measured. */
export function maxSetups(measured: readonly Measurement[], sizes: Sizes): number {
  const waits = measured.length > 0 && workloadOf(measured, sizes.cores).waits;
  return ownSizes(sizes).length + (waits ? sharedSizes(sizes).length : 0);
}

function ownSizes({ given, cores }: Sizes): readonly number[] {
  if (given !== undefined) return given;
  const powers = Array.from({ length: 12 }, (_, power) => 2 ** power);
  return [...new Set([...powers, cores])].filter((slots) => slots <= cores * 4).sort((a, b) => a - b);
}

function sharedSizes({ given, cores }: Sizes): readonly number[] {
  if (given !== undefined) return given.filter((slots) => slots > cores);
  const each = [4, 8, 16, 32, MAX_SLOTS_PER_VCPU].map((perThread) => perThread * cores);
  return each.filter((slots) => slots <= MAX_CONCURRENCY);
}

function needsLarger(own: readonly Measurement[], { given, cores }: Sizes): boolean {
  const last = own.at(-1);
  if (last === undefined) return true;
  // The function's memory limits the number of slots.
  if (last.askedSlots !== undefined) return false;
  return given !== undefined || last.slots < cores * 2 || grows(own, cores);
}

/** Whether one of the last two sizes has more throughput than all earlier ones. */
function grows(series: readonly Measurement[], cores: number): boolean {
  if (series.length < 3) return true;
  const best = (some: readonly Measurement[]): number =>
    Math.max(...some.map((each) => possiblePerSecond(each, cores)));
  return best(series.slice(-2)) > best(series.slice(0, -2)) * MIN_GROWTH;
}

const MIN_GROWTH = 1.05;
