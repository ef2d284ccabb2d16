import fs from 'node:fs';
import { mended } from './mended.ts';
import type { OutputLock } from './output-lock.ts';
import type { Mend } from './mended.ts';

/** Where entries go. An entry is a whole line, or several, or a frame. */
export interface Output {
  /** Never throws, and never writes only a part of an entry between the entries of others. */
  write(entry: Uint8Array): void;
  /** Resolves when all that was written so far is out. */
  flushed(): Promise<void>;
}

/**
 * Writes entries to a descriptor at once, from the thread that calls. A full pipe is waited for; if nothing moves for
 * `patienceMs`, the entry is dropped and counted, as are those after it until somebody reads again.
 */
export class SyncOutput implements Output {
  readonly #fd: number;
  readonly #lock: OutputLock;
  readonly #mend: Mend;
  readonly #patienceMs: number;

  constructor(fd: number, lock: OutputLock, mend: Mend, patienceMs: number) {
    this.#fd = fd;
    this.#lock = lock;
    this.#mend = mend;
    this.#patienceMs = patienceMs;
  }

  write(entry: Uint8Array): void {
    const lock = this.#lock;
    lock.acquire(this.#patienceMs);
    try {
      if (!this.#writeAll(mended(entry, lock.missing, this.#mend))) lock.lose();
    } catch {
      // Nobody reads any more, or the disk is full: not the handler's fault.
      lock.lose();
    } finally {
      lock.release();
    }
  }

  flushed(): Promise<void> {
    return Promise.resolve();
  }

  #writeAll({ bytes, missingAt }: ReturnType<typeof mended>): boolean {
    const lock = this.#lock;
    let offset = 0;
    let waitedMs = 0;
    let pauseMs = SHORTEST_PAUSE_MS;
    while (offset < bytes.length) {
      // A thread that is killed within the call may have written any part.
      lock.missing = bytes.length - offset;
      const written = writeSome(this.#fd, bytes, offset);
      offset += written;
      lock.missing = missingAt(offset);
      if (written > 0) {
        lock.progressed();
        lock.stuck = false;
        waitedMs = 0;
        pauseMs = SHORTEST_PAUSE_MS;
      } else {
        if (lock.stuck || waitedMs >= this.#patienceMs) {
          lock.stuck = true;
          return false;
        }
        Atomics.wait(NEVER, 0, 0, pauseMs);
        waitedMs += pauseMs;
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      }
    }
    return true;
  }
}

/** 0 if there is no room now. */
function writeSome(fd: number, bytes: Uint8Array, offset: number): number {
  try {
    return writeSync(fd, bytes, offset);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw error;
  }
}

/** As it is before anything replaces it: in a thread, calls for stdout come here. */
const writeSync = fs.writeSync.bind(fs);

const SHORTEST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 20;

/** Nobody ever wakes who waits here. */
const NEVER = new Int32Array(new SharedArrayBuffer(4));
