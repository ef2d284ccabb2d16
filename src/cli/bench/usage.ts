import { readMachineCpu, usedByOthers } from './machine-cpu.ts';
import type { MachineCpu } from './machine-cpu.ts';
import type { Figures } from './runtime-messages.ts';

/** CPU time of all at one moment. */
export interface Usage {
  readonly runtime: Figures;
  readonly load: { readonly atMs: number; readonly cpuMs: number };
  readonly machine: MachineCpu;
}

/** What was used between two moments. */
export interface Used {
  /** How many cores the runtime kept busy. */
  readonly cores: number;
  /** How many of its threads were ready to run and had no core, on average. */
  readonly delayedThreads: number;
  /** How busy this process kept one core, 0 to 1. */
  readonly loadCore: number;
  /** The part of the machine that others took, 0 to 1. */
  readonly others: number;
}

export async function readUsage(runtime: { figures(): Promise<Figures> }): Promise<Usage> {
  const figures = await runtime.figures();
  const { user, system } = process.cpuUsage();
  const load = { atMs: performance.now(), cpuMs: (user + system) / 1000 };
  return { runtime: figures, load, machine: readMachineCpu() };
}

export function usedBetween(before: Usage, after: Usage): Used {
  const runtimeMs = after.runtime.cpuMs - before.runtime.cpuMs;
  const loadMs = after.load.cpuMs - before.load.cpuMs;
  const wallMs = after.runtime.atMs - before.runtime.atMs;
  return {
    cores: runtimeMs / wallMs,
    delayedThreads: (after.runtime.coreDelayMs - before.runtime.coreDelayMs) / wallMs,
    loadCore: loadMs / (after.load.atMs - before.load.atMs),
    others: usedByOthers(before.machine, after.machine, (runtimeMs + loadMs) * 1000),
  };
}

/** When others take more than this, figures are noise. */
export const MUCH_OTHERS = 0.1;
