import { smallestOf, undisturbedMs } from './capacity.ts';
import type { Measurement } from './measurement.ts';

/** How a handler spends its time. */
export interface Workload {
  /** Whether the handler waits for more than half of its duration. */
  readonly waits: boolean;
  /** CPU time of an invocation, in ms. */
  readonly cpuMs: number;
  /** Time of an invocation in which threads were ready but had no core, in ms. */
  readonly delayMs: number;
  /** Duration of an invocation, in ms. */
  readonly durationMs: number;
  /** CPU time ÷ the duration without {@link delayMs}, 0 to 1. */
  readonly share: number;
  /** Whether {@link waits} is certain although other programs used the machine. */
  readonly certain: boolean;
}

/** Uses the smallest setup, because with more slots than cores invocations also wait for a core. */
export function workloadOf(measured: readonly Measurement[], cores: number): Workload {
  const smallest = smallestOf(measured);
  const { msPerInvocation: cpuMs, delayMsPerInvocation: delayMs } = smallest.cpu;
  const share = Math.min(1, cpuMs / undisturbedMs(smallest));
  const coresAreFree = smallest.slots <= cores || smallest.cpu.cores < cores * BUSY_SHARE;
  // A handler that computes on what others leave of a core has a share of 1 - stolen.
  const certain = share >= CERTAINLY_COMPUTES || share < Math.min(CERTAINLY_WAITS, (1 - smallest.stolen) / 2);
  return {
    waits: share < 0.5 && coresAreFree,
    cpuMs,
    delayMs,
    durationMs: smallest.latencyMs.mean,
    share,
    certain,
  };
}

const BUSY_SHARE = 0.8;
const CERTAINLY_COMPUTES = 0.67;
const CERTAINLY_WAITS = 0.33;
