import type { EventBytes } from '../invocation/invocation.ts';

/** Up to that many bytes an event crosses threads as a string, above it as a transferred buffer. */
const LARGEST_STRING_EVENT = 8 * 1024;

/** Gathers the chunks of a body. Where its length is announced, each byte is copied once. */
export class BodyCollector {
  #target: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;
  #chunks: Buffer[] = [];

  constructor(contentLength: number) {
    if (contentLength > LARGEST_STRING_EVENT) this.#target = new Uint8Array(contentLength);
  }

  add(chunk: Buffer): void {
    if (this.#target === undefined) {
      this.#chunks.push(chunk);
      return;
    }
    this.#target.set(chunk, this.#filled);
    this.#filled += chunk.byteLength;
  }

  finish(): EventBytes {
    if (this.#target !== undefined) return this.#target;
    const [first] = this.#chunks;
    if (first === undefined) return '';
    const whole = this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
    return whole.byteLength <= LARGEST_STRING_EVENT ? whole.toString('latin1') : new Uint8Array(whole);
  }
}
