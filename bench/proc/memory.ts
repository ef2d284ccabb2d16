import { readFileSync } from 'node:fs';

/** The resident memory of a process by kind of mapping, in MiB. */
export interface ResidentMemory {
  readonly total: number;
  /** Executables and libraries, mostly Node.js itself. */
  readonly files: number;
  /** glibc's arenas: allocations of native code, V8's zones and libuv, including freed blocks. */
  readonly malloc: number;
  /** Other anonymous memory: V8's heaps, large blocks that malloc maps separately, and stacks. */
  readonly heaps: number;
}

/**
 * Reads the resident memory from /proc, mapping by mapping.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_pid_smaps.5.html
 */
export function residentMemory(pid: number): ResidentMemory {
  const mappings = readMappings(pid);
  const kib = { files: 0, malloc: 0, heaps: 0 };
  for (const [index, mapping] of mappings.entries()) {
    kib[kindOf(mapping, mappings[index + 1])] += mapping.residentKib;
  }
  const mib = (value: number): number => Math.round(value / 1024);
  const total = mib(kib.files + kib.malloc + kib.heaps);
  return { total, files: mib(kib.files), malloc: mib(kib.malloc), heaps: mib(kib.heaps) };
}

/** Reads the total resident memory of a process in MiB, without the cost of reading each mapping. */
export function residentMiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

interface Mapping {
  readonly start: number;
  readonly end: number;
  readonly permissions: string;
  readonly name: string;
  residentKib: number;
}

function readMappings(pid: number): Mapping[] {
  const mappings: Mapping[] = [];
  for (const line of readFileSync(`/proc/${pid}/smaps`, 'utf8').split('\n')) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+\s*(.*)$/.exec(line);
    if (head !== null) {
      const [, start = '', end = '', permissions = '', name = ''] = head;
      mappings.push({
        start: Number.parseInt(start, 16),
        end: Number.parseInt(end, 16),
        permissions,
        name,
        residentKib: 0,
      });
    }
    const resident = /^Rss:\s+(\d+) kB$/.exec(line)?.[1];
    const last = mappings.at(-1);
    if (resident !== undefined && last !== undefined) last.residentKib = Number(resident);
  }
  return mappings;
}

function kindOf(mapping: Mapping, next: Mapping | undefined): 'files' | 'malloc' | 'heaps' {
  if (mapping.name.startsWith('/')) return 'files';
  return mapping.name === '[heap]' || isArena(mapping, next) ? 'malloc' : 'heaps';
}

/** For each thread arena, glibc reserves 64 MiB at a multiple of 64 MiB and makes only the first part accessible. */
function isArena({ start, end, permissions, name }: Mapping, next: Mapping | undefined): boolean {
  if (name !== '' || !permissions.startsWith('rw') || start % ARENA_BYTES !== 0) return false;
  const reserved = next?.start === end && next.permissions.startsWith('---') ? next.end : end;
  return reserved - start === ARENA_BYTES;
}

const ARENA_BYTES = 64 * 1024 * 1024;
