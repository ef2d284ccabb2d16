import { readFileSync, readdirSync } from 'node:fs';

/** The CPU time of a process since its start, in µs. */
export interface CpuTime {
  readonly total: number;
  readonly main: number;
  /** Worker threads, except those that have ended. */
  readonly threads: number;
  /** The rest: libuv's pool, V8's helper threads, and threads that have ended. */
  readonly rest: number;
}

/**
 * Reads a process's CPU time from /proc, thread by thread, with a resolution of 10 ms.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
export function readCpu(pid: number): CpuTime {
  const total = cpuUs(`/proc/${pid}/stat`) ?? 0;
  let main = 0;
  let threads = 0;
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    const us = cpuUs(`/proc/${pid}/task/${tid}/stat`);
    if (us === undefined) continue;
    if (tid === String(pid)) main = us;
    else if (!isHelper(pid, tid)) threads += us;
  }
  return { total, main, threads, rest: Math.max(0, total - main - threads) };
}

/** Returns the CPU time between two readings per event. */
export function cpuPerEvent(before: CpuTime, after: CpuTime, events: number): CpuTime {
  return {
    total: (after.total - before.total) / events,
    main: (after.main - before.main) / events,
    threads: (after.threads - before.threads) / events,
    rest: (after.rest - before.rest) / events,
  };
}

/** Linux reports CPU time to user space in units of 1/100 s (USER_HZ), whatever the kernel's tick is. */
const US_PER_TICK = 10_000;

/** Names of Node's threads other than the main thread and workers. */
const HELPERS = /^(V8Worker|libuv-worker|DelayedTaskSche|SignalInspector|iou-sqp|node-)/;

function cpuUs(statFile: string): number | undefined {
  const text = readIfThere(statFile);
  if (text === undefined) return undefined;
  // The thread's name, in parentheses, may contain any character. utime and stime are the 12th and 13th fields after it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * US_PER_TICK;
}

function isHelper(pid: number, tid: string): boolean {
  return HELPERS.test(readIfThere(`/proc/${pid}/task/${tid}/comm`) ?? '');
}

/** A thread may end between the listing and the read. */
function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
