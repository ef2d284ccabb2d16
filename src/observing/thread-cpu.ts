import { readFileSync } from 'node:fs';

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
