import { readFileSync, readdirSync } from 'node:fs';

/** Returns the peak resident memory of a process, in MiB. Without /proc, returns that of this process. */
export function peakMemoryMiB(pid: number): number {
  // On Linux, resourceUsage() starts at the parent's value at the time of the fork.
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS / 1024;
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib ?? Number.NaN) / 1024;
}

/**
 * Returns the total time that this process's threads were runnable but had no core, in ms since they started, without
 * V8's helper threads. Returns 0 where the system does not report it.
 *
 * @see https://docs.kernel.org/scheduler/sched-stats.html
 */
export function coreDelayMs(): number {
  let ns = 0;
  for (const thread of threads()) {
    if (HELPERS.test(readIfExists(`${TASKS}/${thread}/comm`) ?? '')) continue;
    ns += Number(readIfExists(`${TASKS}/${thread}/schedstat`)?.split(' ')[1] ?? 0);
  }
  return ns / 1e6;
}

/** V8's compiler and garbage collector threads, which do not delay invocations. */
const HELPERS = /^(V8Worker|DelayedTaskSche|SignalInspector)/;
const TASKS = '/proc/self/task';

function threads(): string[] {
  try {
    return readdirSync(TASKS);
  } catch {
    return [];
  }
}

/** A thread may end between the listing and the read. */
function readIfExists(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
