import { closeSync, openSync, readSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { diagnostic } from '../invocation/diagnostic.ts';
import type { Diagnostic } from '../invocation/diagnostic.ts';

/** What a thread holds, in MiB. */
export interface ThreadMemory {
  /** JavaScript objects, garbage included. */
  readonly heapMiB: number;
  /** Buffers, typed arrays and what else V8 knows of outside its heap; shared memory is nobody's. */
  readonly externalMiB: number;
}

/**
 * Decides when a thread must go because Lambda is about to kill the process for its size, and with it every invocation.
 *
 * Only a thread that holds at least half of an equal share of the function's memory goes. If none does, most of the memory
 * is something else's (native code, the main thread), and to end threads would not bring it back.
 */
export class MemoryPressure {
  readonly #memoryMiB: number;
  readonly #leastMiB: number;
  /** The smallest that the process has been since a thread was ended for it. */
  #floorMiB = -Infinity;

  constructor({ memoryMiB = Infinity, threads }: Config) {
    this.#memoryMiB = memoryMiB;
    this.#leastMiB = memoryMiB / threads / 2;
  }

  isOver(processMiB: number): boolean {
    return processMiB > this.#memoryMiB * LIMIT;
  }

  /**
   * Memory that an ended thread has left need not have come back from the allocator. So once a thread has been ended, the
   * process must have grown again before the next one is.
   */
  mustEnd(processMiB: number): boolean {
    this.#floorMiB = Math.min(this.#floorMiB, processMiB);
    return this.isOver(processMiB) && processMiB > this.#floorMiB + this.#memoryMiB * REGROWTH;
  }

  /** Which of the threads goes, if any, by what each holds. */
  choose<Thread>(held: ReadonlyMap<Thread, ThreadMemory>): Thread | undefined {
    const [largest] = [...held].toSorted(([, one], [, other]) => total(other) - total(one));
    return largest !== undefined && total(largest[1]) >= this.#leastMiB ? largest[0] : undefined;
  }

  /** A thread has been ended; the process is that large now. */
  relieved(processMiB: number): void {
    this.#floorMiB = processMiB;
  }

  /** What the callers of that thread hear. */
  describe(processMiB: number, { heapMiB, externalMiB }: ThreadMemory): Diagnostic {
    const [ranOut, largest] =
      heapMiB > externalMiB
        ? ['heap memory', `a heap of ${Math.round(heapMiB)} MiB`]
        : ['memory for Buffers and typed arrays', `${Math.round(externalMiB)} MiB of them`];
    return diagnostic(
      'Runtime.OutOfMemory',
      `The worker thread ran out of ${ranOut}. Give the function more memory, run fewer invocations at once, or hold ` +
        `less at a time: the process has come to ${Math.round(processMiB)} of ${this.#memoryMiB} MiB, and this thread, ` +
        `with ${largest}, held the most.`,
    );
  }
}

function total({ heapMiB, externalMiB }: ThreadMemory): number {
  return heapMiB + externalMiB;
}

/** The part of the function's memory at which a thread goes. What is left is for what grows until it has gone. */
const LIMIT = 0.95;

/** And by which the process must have grown since. */
const REGROWTH = 0.02;

/**
 * The resident memory of the process, in MiB.
 *
 * `process.memoryUsage.rss()` opens a file each time: it throws when no descriptor is left, which is when memory must
 * still be watched, and costs three times as much. So one descriptor stays open and is read again from its start.
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
/** Null where the system has no such file. */
let file: OpenFile | null | undefined;
let lastMiB = 0;

/** Undefined where there is no such file, or where code of the user's has closed the descriptor. */
function readOpenFile(): number | undefined {
  if (file === undefined) file = open();
  if (file === undefined || file === null) return undefined;
  const pages = residentPages(file.descriptor);
  if (pages !== undefined) return (pages * file.pageBytes) / MIB;
  // It is not closed here: its number may be that of another file by now.
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

/** Undefined if it can be tried again. */
function open(): OpenFile | null | undefined {
  const mib = readByName();
  try {
    const descriptor = openSync(STATM, 'r');
    const pages = residentPages(descriptor);
    // Node.js does not tell the size of a page, which is a power of two.
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
