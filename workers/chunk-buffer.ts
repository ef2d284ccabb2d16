import { setImmediate } from '../src/builtins.ts';
import { STREAM_WINDOW_BYTES } from '../src/protocol.ts';

/**
 * Collects written bytes in arrays that own their buffers, which can be transferred. The handler may reuse its own buffers, so
 * bytes are copied. The first bytes in a turn of the event loop are posted at once, later ones when a block is full or the turn
 * has ended.
 */
export class ChunkBuffer {
  readonly #post: (bytes: Uint8Array<ArrayBuffer>) => void;
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];
  #block = EMPTY;
  #filled = 0;
  #turn: NodeJS.Immediate | undefined;

  constructor(post: (bytes: Uint8Array<ArrayBuffer>) => void) {
    this.#post = post;
  }

  write(parts: readonly Uint8Array[]): void {
    const atOnce = this.#turn === undefined;
    let left = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
    for (const part of parts) {
      for (let at = 0; at < part.byteLength;) {
        if (this.#block.byteLength === 0) this.#block = this.#newBlock(atOnce ? left : LARGEST_BYTES);
        const fitting = part.subarray(at, at + this.#block.byteLength - this.#filled);
        this.#block.set(fitting, this.#filled);
        this.#filled += fitting.byteLength;
        at += fitting.byteLength;
        left -= fitting.byteLength;
        if (this.#filled === this.#block.byteLength) this.flush();
      }
    }
    if (atOnce) this.flush();
  }

  /** Posts the collected bytes. */
  flush(): void {
    if (this.#filled === 0) return;
    const bytes = this.#block.subarray(0, this.#filled);
    this.#filled = 0;
    this.#turn ??= setImmediate(() => {
      this.#turn = undefined;
      this.flush();
    });
    // A nearly empty block is reused.
    if (bytes.byteLength < this.#block.byteLength / 4) return this.#post(new Uint8Array(bytes));
    this.#block = EMPTY;
    this.#post(bytes);
  }

  /** Takes back forwarded buffers, because allocating memory costs more than copying into it. */
  reuse(buffers: readonly ArrayBuffer[]): void {
    for (const buffer of buffers)
      if (buffer.byteLength === LARGEST_BYTES) this.#spare.push(new Uint8Array(buffer));
  }

  #newBlock(bytes: number): Uint8Array<ArrayBuffer> {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(Math.min(bytes, LARGEST_BYTES));
  }
}

/** Half of the window, so that one part is made while another is sent. Smaller parts cost more wake-ups of both threads. */
const LARGEST_BYTES = STREAM_WINDOW_BYTES / 2;

const EMPTY: Uint8Array<ArrayBuffer> = new Uint8Array(0);
