import { constants, fstatSync, openSync } from 'node:fs';
import { Promise, write, writeSync } from '../builtins.ts';

/** Writes from this offset. Returns the number of bytes that were written; 0 if there is no room now. */
export type WriteSome = (fd: number, bytes: Uint8Array, offset: number) => number | Promise<number>;

/** Writes in this thread. Waits for room unless the descriptor never blocks. */
export function writeNow(fd: number, bytes: Uint8Array, offset: number): number {
  try {
    return counted(writeSync(fd, bytes, offset), bytes, offset);
  } catch (error) {
    if (isNoRoom(error)) return 0;
    throw error;
  }
}

/** Writes as {@link writeNow} does until the descriptor is closed: from then on its number may belong to another file. */
export function writeWhile(isOpen: () => boolean): typeof writeNow {
  return (fd, bytes, offset) => {
    if (!isOpen()) throw new Error('The output is closed.');
    return writeNow(fd, bytes, offset);
  };
}

/** Writes in libuv's pool, which may be busy with the work of handlers. */
export function writeInPool(fd: number, bytes: Uint8Array, offset: number): Promise<number> {
  return new Promise((resolve, reject) => {
    // Not promisified: that gives another result where an agent has wrapped the function.
    write(fd, bytes, offset, (error, written) => {
      if (error === null || error === undefined) resolve(counted(written, bytes, offset));
      else if (isNoRoom(error)) resolve(0);
      else reject(error);
    });
  });
}

/**
 * A descriptor for the same output to which a write never waits for room. Undefined if there is none.
 *
 * A pipe or a terminal is opened once more: the flag belongs to the open file description, which other processes may
 * share.
 */
export function openNeverBlocking(fd: number): number | undefined {
  try {
    const output = fstatSync(fd);
    if (output.isFile()) return fd;
    const canBeOpened = output.isFIFO() || output.isCharacterDevice();
    return canBeOpened ? openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY) : undefined;
  } catch {
    // Another system, no permission, or no reader.
    return undefined;
  }
}

const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;

/**
 * The bytes that a call has written. An agent's wrapper can return anything: what is no count stands for all bytes, since
 * to write the same bytes again could go on without end.
 */
function counted(written: unknown, bytes: Uint8Array, offset: number): number {
  const asked = bytes.length - offset;
  return Number.isInteger(written) && (written as number) > 0 && (written as number) < asked
    ? (written as number)
    : asked;
}

function isNoRoom(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EAGAIN';
}

/** Makes the bytes that end an entry of which a part is missing, so that the next entry is whole. At least one byte. */
export type Repair = (missingBytes: number) => Uint8Array;

/** Ends a line that breaks off. */
export const repairLine: Repair = () => NEW_LINE;

/** Fills a frame up: its reader waits for all bytes that its header announces. */
export const repairFrame: Repair = (missingBytes) => Buffer.alloc(missingBytes, ' ');

const NEW_LINE = Buffer.from('\n');

/** Entries to write. If the entry before them broke off, the bytes begin with its repair. */
export class PartialWriteRepair {
  readonly bytes: Uint8Array;
  readonly #missing: number;
  readonly #repair: Uint8Array;
  readonly #entries: readonly Uint8Array[];

  /** @param missing bytes of the entry that broke off; 0 for none. */
  constructor(entries: readonly Uint8Array[], missing: number, repair: Repair) {
    this.#missing = missing;
    this.#repair = missing === 0 ? NOTHING : repair(missing);
    this.#entries = entries;
    const [single = NOTHING] = entries;
    this.bytes = missing === 0 && entries.length === 1 ? single : Buffer.concat([this.#repair, ...entries]);
  }

  /** Bytes that are missing of the entry that has begun when so many bytes have been written. */
  missingAt(offset: number): number {
    // Almost always.
    if (offset === this.bytes.length) return 0;
    if (offset < this.#repair.length) return this.#missing - offset;
    const end = this.#ends().find((each) => each >= offset) ?? offset;
    return end - offset;
  }

  /** Number of entries that have begun when so many bytes have been written. */
  begunAt(offset: number): number {
    return this.#ends()
      .slice(0, -1)
      .filter((begin) => begin < offset).length;
  }

  /** Where each entry ends; the first is the repair. */
  #ends(): readonly number[] {
    let end = 0;
    return [this.#repair, ...this.#entries].map(({ length }) => (end += length));
  }
}

const NOTHING = new Uint8Array(0);
