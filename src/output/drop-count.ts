/** Counts the entries of all outputs that were dropped since nobody read. */
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

  /** How many since the last call. */
  take(): number {
    return Atomics.exchange(this.#count, 0, 0);
  }
}
