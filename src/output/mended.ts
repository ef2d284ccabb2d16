/** What ends an entry of which a part is missing, so that the next one is whole; at least one byte. */
export type Mend = (missing: number) => Uint8Array;

/** A line that breaks off is at least a line. */
export const mendLine: Mend = () => NEW_LINE;

/** The reader of a frame waits for all of the bytes that it was promised. */
export const mendFrame: Mend = (missing) => Buffer.alloc(missing, ' ');

const NEW_LINE = Buffer.from('\n');

/** Entries behind what ends the one before them, if that broke off. */
export class Mended {
  readonly bytes: Uint8Array;
  readonly #missing: number;
  readonly #first: Uint8Array;
  readonly #entries: readonly Uint8Array[];

  constructor(entries: readonly Uint8Array[], missing: number, mend: Mend) {
    this.#missing = missing;
    this.#first = missing === 0 ? NOTHING : mend(missing);
    this.#entries = entries;
    const [single = NOTHING] = entries;
    this.bytes = missing === 0 && entries.length === 1 ? single : Buffer.concat([this.#first, ...entries]);
  }

  /** What is missing of the entry that has begun when so many bytes have been written. */
  missingAt(offset: number): number {
    // Almost always.
    if (offset === this.bytes.length) return 0;
    if (offset < this.#first.length) return this.#missing - offset;
    const end = this.#ends().find((each) => each >= offset) ?? offset;
    return end - offset;
  }

  /** How many of the entries have begun when so many bytes have been written. */
  begunAt(offset: number): number {
    return this.#ends()
      .slice(0, -1)
      .filter((begin) => begin < offset).length;
  }

  /** Where each entry ends; the first is the one that broke off. */
  #ends(): readonly number[] {
    let end = 0;
    return [this.#first, ...this.#entries].map(({ length }) => (end += length));
  }
}

const NOTHING = new Uint8Array(0);
