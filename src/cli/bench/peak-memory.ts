import { readFileSync } from 'node:fs';

/** The most resident memory that a process has had, in MiB. Where there is no /proc, only that of this process. */
export function peakMemoryMiB(pid: number): number {
  // Not resourceUsage() there: it starts at what the parent had when it forked.
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS / 1024;
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib ?? Number.NaN) / 1024;
}
