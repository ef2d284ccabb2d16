import { closeSync, openSync, readSync } from 'node:fs';

/**
 * The resident memory of the process, in MiB.
 *
 * `process.memoryUsage.rss()` opens a file each time. It throws when the process is out of file descriptors and costs three
 * times as much. One descriptor therefore stays open and is read again from its start.
 */
export function residentMiB(): number {
  lastMiB = readOpenFile() ?? readByName() ?? lastMiB;
  return lastMiB;
}

interface OpenFile {
  readonly descriptor: number;
  readonly pageBytes: number;
}

const STATM = '/proc/self/statm';
const MIB = 1024 * 1024;

const buffer = Buffer.alloc(128);
/** Null if the system does not have {@link STATM}. */
let file: OpenFile | null | undefined;
let lastMiB = 0;

/** Undefined if the file does not exist or user code has closed the descriptor. */
function readOpenFile(): number | undefined {
  if (file === undefined) file = open();
  if (file === undefined || file === null) return undefined;
  const pages = residentPages(file.descriptor);
  if (pages !== undefined) return (pages * file.pageBytes) / MIB;
  // The descriptor is not closed: its number may belong to another file by now.
  file = undefined;
  return undefined;
}

function readByName(): number | undefined {
  try {
    return process.memoryUsage.rss() / MIB;
  } catch {
    return undefined;
  }
}

/** Undefined after a failure that may be temporary. */
function open(): OpenFile | null | undefined {
  const mib = readByName();
  try {
    const descriptor = openSync(STATM, 'r');
    const pages = residentPages(descriptor);
    // Node.js does not expose the page size, which is a power of two.
    if (pages !== undefined && mib !== undefined)
      return { descriptor, pageBytes: 2 ** Math.round(Math.log2((mib * MIB) / pages)) };
    closeSync(descriptor);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? null : undefined;
  }
}

function residentPages(descriptor: number): number | undefined {
  try {
    const length = readSync(descriptor, buffer, 0, buffer.length, 0);
    const pages = /^\d+ (\d+) /.exec(buffer.toString('latin1', 0, length))?.[1];
    return pages === undefined ? undefined : Number(pages);
  } catch {
    return undefined;
  }
}
