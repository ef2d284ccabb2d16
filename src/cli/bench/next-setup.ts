import { workloadOf, MAX_SLOTS_PER_VCPU } from './recommendation.ts';
import { MAX_CONCURRENCY } from '../../config/environment.ts';
import type { Measurement, Setup } from './measurement.ts';
import { isShared } from './measurement.ts';

/** What is to be measured, as far as that is known beforehand. */
export interface Sizes {
  /** Numbers of slots in ascending order; undefined: as many as throughput grows with. */
  readonly given: readonly number[] | undefined;
  readonly cores: number;
}

/**
 * The setup to measure after these, or undefined when enough is known: first with a thread for each slot; then, if the
 * handler waits more than it computes, with slots that share as many threads as there are cores.
 */
export function nextSetup(measured: readonly Measurement[], sizes: Sizes): Setup | undefined {
  const { given, cores } = sizes;
  const own = measured.filter((each) => !isShared(each));
  const ownSlots = ownSizes(sizes)[own.length];
  if (ownSlots !== undefined && goesOn(own, sizes)) return { slots: ownSlots, threads: ownSlots };
  if (measured.length === 0 || !workloadOf(measured, cores).waits) return undefined;
  const shared = measured.filter(isShared);
  const sharedSlots = sharedSizes(sizes)[shared.length];
  if (sharedSlots === undefined || (given === undefined && !grows(shared))) return undefined;
  return { slots: sharedSlots, threads: cores };
}

/** How many there will be at most. */
export function mostSetups(measured: readonly Measurement[], sizes: Sizes): number {
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

function goesOn(own: readonly Measurement[], { given, cores }: Sizes): boolean {
  const last = own.at(-1);
  if (last === undefined) return true;
  // Memory did not allow so many; it will not allow more.
  if (last.askedSlots !== undefined) return false;
  return given !== undefined || last.slots < cores * 2 || grows(own);
}

/** Whether one of the last two has more throughput than all before. */
function grows(series: readonly Measurement[]): boolean {
  if (series.length < 3) return true;
  const best = (some: readonly Measurement[]): number => Math.max(...some.map((each) => each.perSecond));
  return best(series.slice(-2)) > best(series.slice(0, -2)) * WORTH_GOING_ON;
}

const WORTH_GOING_ON = 1.05;
