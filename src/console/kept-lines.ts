import { keepText, MOST_KEPT_BYTES } from './kept-text.ts';

/** The beginning of what an invocation has logged. */
export class KeptLines {
  readonly lines: string[] = [];
  /** How many lines were not kept. */
  leftOut = 0;
  #bytes = 0;

  add(line: string): void {
    const room = MOST_KEPT_BYTES - this.#bytes;
    if (room <= 0) {
      this.leftOut += 1;
      return;
    }
    const { text, bytes, cut } = keepText(line, room);
    // And the line break.
    this.#bytes += bytes + 1;
    this.lines.push(cut ? `${text}…` : text);
  }
}
