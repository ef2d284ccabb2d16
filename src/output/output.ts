import type { OutputLock } from './output-lock.ts';
import type { Repair } from './partial-write-repair.ts';

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
