/** What ends an entry of which a part is missing, so that the next one is whole; at least one byte. */
export type Mend = (missing: number) => Uint8Array;

/** A line that breaks off is at least a line. */
export const mendLine: Mend = () => NEW_LINE;

/** The reader of a frame waits for all of the bytes that it was promised. */
export const mendFrame: Mend = (missing) => Buffer.alloc(missing, ' ');

const NEW_LINE = Buffer.from('\n');

/** An entry behind what ends the one before it, if that broke off. */
export interface Mended {
  readonly bytes: Uint8Array;
  /** What is missing of the entry that has begun when so many bytes have been written. */
  readonly missingAt: (offset: number) => number;
}

export function mended(entry: Uint8Array, missing: number, mend: Mend): Mended {
  if (missing === 0) {
    const { length } = entry;
    return { bytes: entry, missingAt: (offset) => (offset === 0 ? 0 : length - offset) };
  }
  const first = mend(missing);
  const bytes = Buffer.concat([first, entry]);
  return {
    bytes,
    missingAt(offset) {
      if (offset < first.length) return missing - offset;
      return offset === first.length ? 0 : bytes.length - offset;
    },
  };
}
