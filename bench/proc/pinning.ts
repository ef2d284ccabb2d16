import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The CPUs of the runtime and of the load. Undefined means all. */
export interface Pinning {
  readonly runtime: string | undefined;
  readonly load: string | undefined;
}

export const UNPINNED: Pinning = { runtime: undefined, load: undefined };

/** Whether this machine can pin processes to CPUs. */
export function canPin(): boolean {
  return spawnSync('taskset', ['--version']).status === 0;
}

/** The runtime alone on one CPU, and the load on the others, if there are others. */
export function runtimeOnOneCore(): Pinning {
  const [first, ...others] = allowedCpus();
  if (first === undefined) return UNPINNED;
  return { runtime: String(first), load: others.length > 0 ? others.join(',') : String(first) };
}

function allowedCpus(): number[] {
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  return list.split(',').flatMap((range) => {
    const [from, to = from] = range.split('-').map(Number);
    if (from === undefined || to === undefined || Number.isNaN(from)) return [];
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}
