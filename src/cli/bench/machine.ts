import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import type { ProcessMetrics } from './runtime-process.ts';

/** The machine that the measurements were made on. */
export interface Machine {
  /** The model of the CPU. */
  readonly cpu: string;
  /** The number of cores that this process may use. */
  readonly cores: number;
  /** The memory of the machine, in MiB. */
  readonly memoryMiB: number;
  /** Name and release of the operating system. */
  readonly os: string;
  /** The version of Node.js. */
  readonly node: string;
}

export function readMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryMiB: Math.round(totalmem() / 1024 / 1024),
    os: `${type()} ${release()}`,
    node: process.version,
  };
}

/** CPU time of the runtime, the load generator and the machine at one instant. */
export interface Usage {
  readonly runtime: ProcessMetrics;
  readonly load: { readonly atMs: number; readonly cpuMs: number };
  readonly machine: MachineCpu;
}

/** CPU usage between two instants. */
export interface Used {
  readonly wallMs: number;
  /** The number of cores that the runtime kept busy. */
  readonly cores: number;
  /** The average number of the runtime's threads that were runnable but had no core. */
  readonly delayedThreads: number;
  /** The share of one core that the load generator (this process) used, 0 to 1. */
  readonly loadCore: number;
  /** The share of the machine that other programs used, 0 to 1. */
  readonly others: number;
  /** The part of `others` that {@link delayedThreads} does not show, 0 to 1. */
  readonly stolen: number;
}

export async function readUsage(runtime: { metrics(): Promise<ProcessMetrics> }): Promise<Usage> {
  const metrics = await runtime.metrics();
  const { user, system } = process.cpuUsage();
  const load = { atMs: performance.now(), cpuMs: (user + system) / 1000 };
  return { runtime: metrics, load, machine: readMachineCpu() };
}

export function usedBetween(before: Usage, after: Usage): Used {
  const runtimeMs = after.runtime.cpuMs - before.runtime.cpuMs;
  const loadMs = after.load.cpuMs - before.load.cpuMs;
  const wallMs = after.runtime.atMs - before.runtime.atMs;
  const others = usedByOthers(before.machine, after.machine, (runtimeMs + loadMs) * 1000);
  return {
    wallMs,
    cores: runtimeMs / wallMs,
    delayedThreads: (after.runtime.coreDelayMs - before.runtime.coreDelayMs) / wallMs,
    loadCore: loadMs / (after.load.atMs - before.load.atMs),
    others,
    // Where the system reports delays, some thread has had one.
    stolen: after.runtime.coreDelayMs > 0 ? stolenShare(before.machine, after.machine) : others,
  };
}

/** CPU time of the whole machine since boot, in µs. */
interface MachineCpu {
  /** Time used by programs and the kernel; on Linux also the time that the hypervisor withheld (steal). */
  readonly busy: number;
  readonly idle: number;
  /** The part of {@link busy} that the hypervisor withheld; 0 where it is not reported. */
  readonly steal: number;
}

/** @see https://man7.org/linux/man-pages/man5/proc_stat.5.html */
export function readMachineCpu(): MachineCpu {
  return process.platform === 'linux' ? fromProc() : fromNode();
}

/**
 * Returns the share of the machine that other programs used, 0 to 1. `ownUs` is the CPU time of the benchmark itself.
 * Returns 0 if this process may use only some of the cores, because usage of the other cores does not affect it.
 */
export function usedByOthers(before: MachineCpu, after: MachineCpu, ownUs: number): number {
  if (availableParallelism() < cpus().length) return 0;
  const busy = after.busy - before.busy;
  const all = busy + after.idle - before.idle;
  return all === 0 ? 0 : Math.max(0, busy - ownUs) / all;
}

function stolenShare(before: MachineCpu, after: MachineCpu): number {
  const all = after.busy - before.busy + after.idle - before.idle;
  return all === 0 ? 0 : (after.steal - before.steal) / all;
}

function fromProc(): MachineCpu {
  const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? '';
  const [user = 0, nice = 0, system = 0, idle = 0, ioWait = 0, , , steal = 0] = line
    .trim()
    .split(/\s+/)
    .slice(1)
    .map((ticks) => Number(ticks) * US_PER_TICK);
  return { busy: user + nice + system + steal, idle: idle + ioWait, steal };
}

const US_PER_TICK = 10_000;

function fromNode(): MachineCpu {
  const times = cpus().map((cpu) => cpu.times);
  const busy = times.reduce((sum, { user, nice, sys }) => sum + user + nice + sys, 0);
  const idle = times.reduce((sum, each) => sum + each.idle, 0);
  return { busy: busy * US_PER_MS, idle: idle * US_PER_MS, steal: 0 };
}

const US_PER_MS = 1000;
