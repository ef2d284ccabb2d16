import { readFileSync } from 'node:fs';
import type { EventLoopUtilization, Histogram } from 'node:perf_hooks';
import { distribution, rounded } from './stats.ts';
import type { ThreadEndCause } from './observer.ts';
import type { EventLoopStats, ThreadStats, ThreadsStats } from './stats.ts';

/** What the pool knows of a thread. */
export interface ThreadMetrics {
  readonly id: number;
  readonly state: ThreadStats['state'];
  readonly inFlight: number;
  readonly received: number;
  readonly eventLoop: EventLoopUtilization | undefined;
  readonly eventLoopDelay: EventLoopDelay;
  /** The operating system's number of it; undefined until it is ready, and where there is none to be had. */
  readonly osThread: number | undefined;
}

/** How late an event loop turns, sampled. */
export interface EventLoopDelay {
  /** In ns. */
  readonly histogram: Histogram;
  /** What each value contains besides the delay. */
  readonly offsetMs: number;
}

export function threadsStats(
  threads: readonly ThreadMetrics[],
  replaced: Record<ThreadEndCause, number>,
): ThreadsStats {
  const states = { starting: 0, idle: 0, busy: 0, retiring: 0 };
  for (const { state } of threads) states[state] += 1;
  return { ...states, replaced: { ...replaced }, each: threads.map(threadStats) };
}

function threadStats(metrics: ThreadMetrics): ThreadStats {
  const { id, state, inFlight, received, eventLoop, eventLoopDelay, osThread } = metrics;
  return {
    thread: id,
    state,
    inFlight,
    received,
    ...eventLoopStats(eventLoop, eventLoopDelay, osThread),
  };
}

export function eventLoopStats(
  eventLoop: EventLoopUtilization | undefined,
  delay: EventLoopDelay,
  osThread: number | undefined,
): EventLoopStats {
  const cpuMs = threadCpuMs(osThread);
  return {
    activeMs: Math.round(eventLoop?.active ?? 0),
    utilization: rounded(eventLoop?.utilization ?? 0),
    eventLoopDelayMs: distribution(delay.histogram, NS, delay.offsetMs * NS),
    ...(cpuMs !== undefined && { cpuMs }),
  };
}

const NS = 1e6;

/**
 * CPU time that a thread of this process has used, in ms; undefined where the system does not tell.
 *
 * From `/proc`, since it is to be known at once, of a thread that spins as well, and costs the thread nothing.
 */
export function threadCpuMs(osThread: number | undefined): number | undefined {
  if (osThread === undefined) return undefined;
  try {
    const stat = readFileSync(`/proc/self/task/${osThread}/stat`, 'utf8');
    // The name before it may contain anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[UTIME]) + Number(fields[STIME])) * MS_PER_TICK;
  } catch {
    return undefined;
  }
}

const UTIME = 11;
const STIME = 12;

/** What Linux counts in, on all of its machines. */
const MS_PER_TICK = 10;
