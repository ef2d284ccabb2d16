import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';

/** CPU time of the whole machine since its start, in µs. */
export interface MachineCpu {
  /** What programs and the kernel used, and on Linux what the hypervisor withheld. */
  readonly busy: number;
  readonly idle: number;
}

/** @see https://man7.org/linux/man-pages/man5/proc_stat.5.html */
export function readMachineCpu(): MachineCpu {
  return process.platform === 'linux' ? fromProc() : fromNode();
}

/**
 * The part of the machine that was used by others than those who used `ownUs`, 0 to 1. Where this process may not use
 * all of the machine, what others do there says nothing about its part: 0.
 */
export function usedByOthers(before: MachineCpu, after: MachineCpu, ownUs: number): number {
  if (availableParallelism() < cpus().length) return 0;
  const busy = after.busy - before.busy;
  const all = busy + after.idle - before.idle;
  return all === 0 ? 0 : Math.max(0, busy - ownUs) / all;
}

function fromProc(): MachineCpu {
  const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? '';
  const [user = 0, nice = 0, system = 0, idle = 0, ioWait = 0, , , steal = 0] = line
    .trim()
    .split(/\s+/)
    .slice(1)
    .map((ticks) => Number(ticks) * US_PER_TICK);
  return { busy: user + nice + system + steal, idle: idle + ioWait };
}

const US_PER_TICK = 10_000;

function fromNode(): MachineCpu {
  const times = cpus().map((cpu) => cpu.times);
  const busy = times.reduce((sum, { user, nice, sys }) => sum + user + nice + sys, 0);
  const idle = times.reduce((sum, each) => sum + each.idle, 0);
  return { busy: busy * US_PER_MS, idle: idle * US_PER_MS };
}

const US_PER_MS = 1000;
