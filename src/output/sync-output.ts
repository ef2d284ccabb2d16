import { Promise } from '../builtins.ts';
import { Mended } from './mended.ts';
import type { Output, OutputSettings } from './output.ts';
import { writeNow } from './write-some.ts';

/**
 * Writes entries to a descriptor at once, from the thread that calls. A full pipe is waited for; if nothing moves for
 * `patienceMs`, the entry is dropped and counted, as are those after it until somebody reads again.
 */
export class SyncOutput implements Output {
  readonly #settings: OutputSettings;
  readonly #writeSome: typeof writeNow;

  constructor(settings: OutputSettings, writeSome = writeNow) {
    this.#settings = settings;
    this.#writeSome = writeSome;
  }

  write(entry: Uint8Array): void {
    const { lock, mend, dropped, patienceMs } = this.#settings;
    // Who waits for a pipe gives up before that.
    lock.acquire(2 * patienceMs + HUNG_AFTER_MS);
    try {
      if (!this.#writeAll(new Mended([entry], lock.missing, mend))) dropped.add();
    } catch {
      // Nobody can read any more, or the disk is full: not the handler's fault.
    } finally {
      lock.release();
    }
  }

  flushed(): Promise<void> {
    return Promise.resolve();
  }

  /** Stops as soon as another writer has taken the lock over: the rest would be in the middle of that writer's entry. */
  #writeAll(mended: Mended): boolean {
    const { bytes } = mended;
    const { fd, lock, patienceMs } = this.#settings;
    let offset = 0;
    let waitedMs = 0;
    let pauseMs = SHORTEST_PAUSE_MS;
    while (offset < bytes.length) {
      if (!lock.isHeld) return false;
      // A thread that is killed within the call may have written any part.
      lock.missing = bytes.length - offset;
      let written = 0;
      try {
        written = this.#writeSome(fd, bytes, offset);
        offset += written;
      } finally {
        if (lock.isHeld) lock.missing = mended.missingAt(offset);
      }
      if (written > 0) {
        lock.accepted(written);
        waitedMs = 0;
        pauseMs = SHORTEST_PAUSE_MS;
      } else {
        if (lock.stuck) return false;
        if (waitedMs >= patienceMs) {
          lock.readerStopped(bytes.length - offset);
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

const HUNG_AFTER_MS = 5_000;
const SHORTEST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 20;

/** Nobody ever wakes who waits here. */
const NEVER = new Int32Array(new SharedArrayBuffer(4));
