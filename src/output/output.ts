import { Promise } from '../builtins.ts';
import { PartialWriteRepair, writeNow } from './descriptor.ts';
import type { Repair } from './descriptor.ts';
import type { OutputLock } from './output-lock.ts';

/** Where entries go. An entry is a whole line, or several, or a frame. */
export interface Output {
  /** Never throws, and never writes only a part of an entry between the entries of others. */
  write(entry: Uint8Array): void;
  /** Resolves when all that was written so far is out. */
  flushed(): Promise<void>;
}

/** What an output writes to, and what its writers share. */
export interface OutputSettings {
  readonly fd: number;
  readonly lock: OutputLock;
  readonly repair: Repair;
  readonly dropped: DropCount;
  /** How long to wait when the output is blocked, in ms. */
  readonly writeTimeoutMs: number;
}

/** Counts the entries of all outputs that were dropped because no reader made room. */
export class DropCount {
  readonly #count: Int32Array<SharedArrayBuffer>;

  constructor(shared: SharedArrayBuffer) {
    this.#count = new Int32Array(shared);
  }

  static share(): SharedArrayBuffer {
    return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  }

  add(entries = 1): void {
    Atomics.add(this.#count, 0, entries);
  }

  /** Returns the number since the last call. */
  take(): number {
    return Atomics.exchange(this.#count, 0, 0);
  }
}

/**
 * Writes entries to a descriptor synchronously. Waits while a pipe is full. An entry that finds no room for
 * `writeTimeoutMs` is dropped and counted; the entries after it are tried once, until the reader reads again.
 */
export class SyncOutput implements Output {
  readonly #settings: OutputSettings;
  readonly #writeSome: typeof writeNow;

  constructor(settings: OutputSettings, writeSome = writeNow) {
    this.#settings = settings;
    this.#writeSome = writeSome;
  }

  write(entry: Uint8Array): void {
    const { lock, repair, dropped, writeTimeoutMs } = this.#settings;
    // A writer that waits for room gives up before that.
    lock.acquire(2 * writeTimeoutMs + HUNG_AFTER_MS);
    try {
      if (!this.#writeAll(new PartialWriteRepair([entry], lock.missing, repair))) dropped.add();
    } catch {
      // The reader is gone, or the disk is full: not the handler's fault.
    } finally {
      lock.release();
    }
  }

  flushed(): Promise<void> {
    return Promise.resolve();
  }

  /** Stops as soon as another writer has taken the lock over: the rest would be in the middle of that writer's entry. */
  #writeAll(repaired: PartialWriteRepair): boolean {
    const { bytes } = repaired;
    const { fd, lock, writeTimeoutMs } = this.#settings;
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
        if (lock.isHeld) lock.missing = repaired.missingAt(offset);
      }
      if (written > 0) {
        lock.accepted(written);
        waitedMs = 0;
        pauseMs = SHORTEST_PAUSE_MS;
      } else {
        if (lock.stuck) return false;
        if (waitedMs >= writeTimeoutMs) {
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

/** Waits here only time out. */
const NEVER = new Int32Array(new SharedArrayBuffer(4));
