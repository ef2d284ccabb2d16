/** Makes the bytes that end an entry of which a part is missing, so that the next entry is whole. At least one byte. */
export type Repair = (missingBytes: number) => Uint8Array;

/** Ends a line that breaks off. */
export const repairLine: Repair = () => NEW_LINE;

/** Fills a frame up: its reader waits for all bytes that its header announces. */
export const repairFrame: Repair = (missingBytes) => Buffer.alloc(missingBytes, ' ');

const NEW_LINE = Buffer.from('\n');

/** Entries to write. If the entry before them broke off, the bytes begin with its repair. */
export class PartialWriteRepair {
  readonly bytes: Uint8Array;
  readonly #missing: number;
  readonly #repair: Uint8Array;
  readonly #entries: readonly Uint8Array[];

  /** @param missing bytes of the entry that broke off; 0 for none. */
  constructor(entries: readonly Uint8Array[], missing: number, repair: Repair) {
    this.#missing = missing;
    this.#repair = missing === 0 ? NOTHING : repair(missing);
    this.#entries = entries;
    const [single = NOTHING] = entries;
    this.bytes = missing === 0 && entries.length === 1 ? single : Buffer.concat([this.#repair, ...entries]);
  }

  /** Bytes that are missing of the entry that has begun when so many bytes have been written. */
  missingAt(offset: number): number {
    // Almost always.
    if (offset === this.bytes.length) return 0;
    if (offset < this.#repair.length) return this.#missing - offset;
    const end = this.#ends().find((each) => each >= offset) ?? offset;
    return end - offset;
  }

  /** Number of entries that have begun when so many bytes have been written. */
  begunAt(offset: number): number {
    return this.#ends()
      .slice(0, -1)
      .filter((begin) => begin < offset).length;
  }

  /** Where each entry ends; the first is the repair. */
  #ends(): readonly number[] {
    let end = 0;
    return [this.#repair, ...this.#entries].map(({ length }) => (end += length));
  }
}

const NOTHING = new Uint8Array(0);
