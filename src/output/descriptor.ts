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
