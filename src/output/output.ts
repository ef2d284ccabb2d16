import { Promise } from '../builtins.ts';
import { PartialWriteRepair, writeNow } from './descriptor.ts';
import type { Repair } from './descriptor.ts';
import type { OutputLock } from './output-lock.ts';

/** Writes entries: one or several complete lines, or one frame. */
export interface Output {
  /** Writes an entry without mixing it with entries of other writers. Never throws. */
  write(entry: Uint8Array): void;
  /** Resolves when all previous entries have been written or dropped. */
  flushed(): Promise<void>;
}

/** The descriptor of an output and the state that its writers share. */
export interface OutputSettings {
  readonly fd: number;
  readonly lock: OutputLock;
  readonly repair: Repair;
  readonly dropped: DropCount;
  /** How long to wait when the output is blocked, in ms. */
  readonly writeTimeoutMs: number;
}

/** Counts the entries of all outputs that were dropped because the reader was too slow or stopped. */
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

  /** Returns the number of entries dropped since the last call. */
  take(): number {
    return Atomics.exchange(this.#count, 0, 0);
  }
}

/**
 * Writes entries to a descriptor synchronously. Waits while a pipe is full. An entry that cannot be written within
 * `writeTimeoutMs` is dropped and counted. After that, each entry is tried once without waiting, until the reader reads again.
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
    // Longer than the timeout of a writer that waits for a full output.
    lock.acquire(2 * writeTimeoutMs + HUNG_AFTER_MS);
    try {
      if (!this.#writeAll(new PartialWriteRepair([entry], lock.missing, repair))) dropped.add();
    } catch {
      // The reader is gone or the disk is full. The handler must not fail because of it.
    } finally {
      lock.release();
    }
  }

  flushed(): Promise<void> {
    return Promise.resolve();
  }

  /** Stops when another writer has taken over the lock, because the rest would end up within that writer's entry. */
  #writeAll(repaired: PartialWriteRepair): boolean {
    const { bytes } = repaired;
    const { fd, lock, writeTimeoutMs } = this.#settings;
    let offset = 0;
    let waitedMs = 0;
    let pauseMs = MIN_PAUSE_MS;
    while (offset < bytes.length) {
      if (!lock.isHeld) return false;
      // A thread that is terminated during the call may have written any part of the entry.
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
        pauseMs = MIN_PAUSE_MS;
      } else {
        if (lock.isReaderStalled) return false;
        if (waitedMs >= writeTimeoutMs) {
          lock.markReaderStalled(bytes.length - offset);
          return false;
        }
        Atomics.wait(SLEEP_CELL, 0, 0, pauseMs);
        waitedMs += pauseMs;
        pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
      }
    }
    return true;
  }
}

const HUNG_AFTER_MS = 5_000;
const MIN_PAUSE_MS = 1;
const MAX_PAUSE_MS = 20;

/** Serves as a synchronous sleep: waiting on it always times out. */
const SLEEP_CELL = new Int32Array(new SharedArrayBuffer(4));
