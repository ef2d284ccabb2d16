import type { Measurement } from './measurement.ts';

/** What a handler does with its time. */
export interface Character {
  /** More than half of an invocation is waiting for something else than a core. */
  readonly waits: boolean;
  readonly cpuMs: number;
  /** Waiting for a core, which other programs or too many slots have. */
  readonly delayMs: number;
  readonly durationMs: number;
  /** The part that it computes, or would if it had a core: 0 to 1. */
  readonly share: number;
}

/** From the smallest setup: with more slots than cores an invocation also waits for a core. */
export function characterOf(measured: readonly Measurement[], cores: number): Character {
  const smallest = measured.reduce((least, each) => (each.slots < least.slots ? each : least));
  const cpuMs = smallest.cpu.msPerInvocation;
  const durationMs = smallest.latencyMs.mean;
  const { delayMsPerInvocation: delayMs } = smallest.cpu;
  const share = Math.min(1, (cpuMs + delayMs) / durationMs);
  const coresAreFree = smallest.slots <= cores || smallest.cpu.cores < cores * BUSY;
  return { waits: share < 0.5 && coresAreFree, cpuMs, delayMs, durationMs, share };
}

const BUSY = 0.8;
