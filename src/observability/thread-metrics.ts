import { readFileSync } from 'node:fs';
import type { EventLoopUtilization, Histogram } from 'node:perf_hooks';
import { distribution, rounded } from './stats.ts';
import type { ThreadEndCause } from './observer.ts';
import type { EventLoopStats, ThreadStats, ThreadsStats } from './stats.ts';

/** What the pool knows about a thread. */
export interface ThreadMetrics {
  readonly id: number;
  readonly state: ThreadStats['state'];
  readonly inFlight: number;
  readonly received: number;
  readonly eventLoop: EventLoopUtilization | undefined;
  readonly eventLoopDelay: EventLoopDelay;
  /** The thread's id in the operating system; undefined until the thread is ready, and where there is none. */
  readonly osThread: number | undefined;
}

/** Samples of the delay of an event loop. */
export interface EventLoopDelay {
  /** In ns. */
  readonly histogram: Histogram;
  /** A constant that each value includes in addition to the delay. */
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
 * Returns the CPU time of a thread of this process, in ms; undefined where `/proc` does not exist.
 *
 * Reading `/proc` is synchronous, works for a thread that blocks its event loop, and costs the thread nothing.
 */
export function threadCpuMs(osThread: number | undefined): number | undefined {
  if (osThread === undefined) return undefined;
  try {
    const stat = readFileSync(`/proc/self/task/${osThread}/stat`, 'utf8');
    // The fields follow the thread's name, which may contain spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[UTIME]) + Number(fields[STIME])) * MS_PER_TICK;
  } catch {
    return undefined;
  }
}

const UTIME = 11;
const STIME = 12;

/** Linux reports CPU time to user space in units of 1/100 s (USER_HZ) on all architectures. */
const MS_PER_TICK = 10;
