import { constants, fstatSync, openSync } from 'node:fs';
import { Promise, write, writeSync } from '../builtins.ts';

/** Writes the bytes from the offset on. Returns the number of bytes written; 0 if the output is full. */
export type WriteSome = (fd: number, bytes: Uint8Array, offset: number) => number | Promise<number>;

/** Writes synchronously. Blocks while the output is full, unless the descriptor is non-blocking. */
export function writeNow(fd: number, bytes: Uint8Array, offset: number): number {
  try {
    return writtenBytes(writeSync(fd, bytes, offset), bytes, offset);
  } catch (error) {
    if (isFull(error)) return 0;
    throw error;
  }
}

/** {@link writeNow} that throws once the descriptor is closed, because its number may then belong to another file. */
export function writeIfOpen(isOpen: () => boolean): typeof writeNow {
  return (fd, bytes, offset) => {
    if (!isOpen()) throw new Error('The output is closed.');
    return writeNow(fd, bytes, offset);
  };
}

/** Writes in libuv's thread pool, which handlers also use. */
export function writeAsync(fd: number, bytes: Uint8Array, offset: number): Promise<number> {
  return new Promise((resolve, reject) => {
    // Not promisified, because the result differs if an agent has wrapped the function.
    write(fd, bytes, offset, (error, written) => {
      if (error === null || error === undefined) resolve(writtenBytes(written, bytes, offset));
      else if (isFull(error)) resolve(0);
      else reject(error);
    });
  });
}

/**
 * Opens a non-blocking descriptor for the same output. Undefined if that is not possible.
 *
 * A pipe or a terminal is opened again, because `O_NONBLOCK` belongs to the open file description, which other processes may
 * share.
 */
export function openNonBlocking(fd: number): number | undefined {
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
 * The number of bytes that a call has written. The wrapper of an agent can return anything. An invalid number counts as all
 * bytes, because writing the same bytes again might never end.
 */
function writtenBytes(written: unknown, bytes: Uint8Array, offset: number): number {
  const requested = bytes.length - offset;
  return Number.isInteger(written) && (written as number) > 0 && (written as number) < requested
    ? (written as number)
    : requested;
}

function isFull(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EAGAIN';
}

/** Returns the bytes, at least one, that complete a partially written entry so that the next entry can be parsed. */
export type Repair = (missingBytes: number) => Uint8Array;

/** Ends a partially written line. */
export const repairLine: Repair = () => NEW_LINE;

/** Fills up a partially written frame, because its reader waits for all bytes that its header announces. */
export const repairFrame: Repair = (missingBytes) => Buffer.alloc(missingBytes, ' ');

const NEW_LINE = Buffer.from('\n');

/** Entries to write. The bytes begin with the repair of the entry before them if that was written only in part. */
export class PartialWriteRepair {
  readonly bytes: Uint8Array;
  readonly #missingBytes: number;
  readonly #repair: Uint8Array;
  readonly #entries: readonly Uint8Array[];

  /** @param missingBytes bytes that are missing of the partially written entry; 0 for none. */
  constructor(entries: readonly Uint8Array[], missingBytes: number, repair: Repair) {
    this.#missingBytes = missingBytes;
    this.#repair = missingBytes === 0 ? NO_BYTES : repair(missingBytes);
    this.#entries = entries;
    const [single = NO_BYTES] = entries;
    this.bytes =
      missingBytes === 0 && entries.length === 1 ? single : Buffer.concat([this.#repair, ...entries]);
  }

  /** The number of bytes that the current entry lacks after `offset` bytes have been written. */
  missingAt(offset: number): number {
    // The common case.
    if (offset === this.bytes.length) return 0;
    if (offset < this.#repair.length) return this.#missingBytes - offset;
    const currentEnd = this.#ends().find((end) => end >= offset) ?? offset;
    return currentEnd - offset;
  }

  /** The number of entries of which at least one byte is among the first `offset` bytes. */
  begunAt(offset: number): number {
    return this.#ends()
      .slice(0, -1)
      .filter((begin) => begin < offset).length;
  }

  /** The end offset of the repair and of each entry. */
  #ends(): readonly number[] {
    let end = 0;
    return [this.#repair, ...this.#entries].map(({ length }) => (end += length));
  }
}

const NO_BYTES = new Uint8Array(0);
