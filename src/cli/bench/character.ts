import type { Measurement } from './measurement.ts';

/** What a handler does with its time. */
export interface Character {
  /** More than half of an invocation is waiting for something else than a core. */
  readonly waits: boolean;
  readonly cpuMs: number;
  readonly durationMs: number;
  /** CPU time ÷ duration. */
  readonly share: number;
}

/** From the smallest setup: with more slots than cores an invocation also waits for a core. */
export function characterOf(measured: readonly Measurement[], cores: number): Character {
  const smallest = measured.reduce((least, each) => (each.slots < least.slots ? each : least));
  const cpuMs = smallest.cpu.msPerInvocation;
  const durationMs = smallest.latencyMs.mean;
  const share = cpuMs / durationMs;
  const coresAreFree = smallest.slots <= cores || smallest.cpu.cores < cores * BUSY;
  return { waits: share < 0.5 && coresAreFree, cpuMs, durationMs, share };
}

const BUSY = 0.8;
