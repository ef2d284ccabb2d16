import fs from 'node:fs';
import { promisify } from 'node:util';

/** Writes from this offset, and says how many bytes it has written; 0 if there is no room now. */
export type WriteSome = (fd: number, bytes: Uint8Array, offset: number) => number | Promise<number>;

/** In this thread. Waits for room unless the descriptor is one that never does. */
export function writeNow(fd: number, bytes: Uint8Array, offset: number): number {
  try {
    return writeSync(fd, bytes, offset);
  } catch (error) {
    return noRoom(error);
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
export async function writeInPool(fd: number, bytes: Uint8Array, offset: number): Promise<number> {
  try {
    return (await write(fd, bytes, offset)).bytesWritten;
  } catch (error) {
    return noRoom(error);
  }
}

function noRoom(error: unknown): 0 {
  if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
  throw error;
}

/** As they are before anything replaces them: where handlers run, calls for stdout come here. */
const writeSync = fs.writeSync.bind(fs);
const write = promisify(fs.write);
