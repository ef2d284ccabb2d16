import { readFileSync, readdirSync } from 'node:fs';

/** CPU time of a process since its start, in µs. */
export interface CpuTime {
  readonly total: number;
  readonly main: number;
  /** Worker threads, those that have ended left out. */
  readonly threads: number;
  /** What is left: libuv's pool, V8's helpers, threads that have ended. */
  readonly rest: number;
}

/**
 * Reads a process's CPU time from /proc, thread by thread. Its grain is 10 ms.
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

/** What was used between two readings, divided by a number of events. */
export function cpuPerEvent(before: CpuTime, after: CpuTime, events: number): CpuTime {
  return {
    total: (after.total - before.total) / events,
    main: (after.main - before.main) / events,
    threads: (after.threads - before.threads) / events,
    rest: (after.rest - before.rest) / events,
  };
}

/** Linux counts in hundredths of a second towards programs, whatever its own tick is (USER_HZ). */
const US_PER_TICK = 10_000;

/** Names of the threads that Node has besides the main thread and workers. */
const HELPERS = /^(V8Worker|libuv-worker|DelayedTaskSche|SignalInspector|iou-sqp|node-)/;

function cpuUs(statFile: string): number | undefined {
  const text = readIfThere(statFile);
  if (text === undefined) return undefined;
  // The name, in parentheses, may hold anything; utime and stime are the 12th and 13th field behind it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * US_PER_TICK;
}

function isHelper(pid: number, tid: string): boolean {
  return HELPERS.test(readIfThere(`/proc/${pid}/task/${tid}/comm`) ?? '');
}

/** Threads come and go between the listing and the reading. */
function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
