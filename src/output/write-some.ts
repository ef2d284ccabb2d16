import { Promise, write, writeSync } from '../builtins.ts';

/** Writes from this offset, and says how many bytes it has written; 0 if there is no room now. */
export type WriteSome = (fd: number, bytes: Uint8Array, offset: number) => number | Promise<number>;

/** In this thread. Waits for room unless the descriptor is one that never does. */
export function writeNow(fd: number, bytes: Uint8Array, offset: number): number {
  try {
    return counted(writeSync(fd, bytes, offset), bytes, offset);
  } catch (error) {
    if (isNoRoom(error)) return 0;
    throw error;
  }
}

/** As `writeNow`, to a descriptor that gets closed: from then on its number may be another's. */
export function writeWhile(isOpen: () => boolean): typeof writeNow {
  return (fd, bytes, offset) => {
    if (!isOpen()) throw new Error('The output is closed.');
    return writeNow(fd, bytes, offset);
  };
}

/** In libuv's pool, which may be busy with what handlers have given it. */
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
