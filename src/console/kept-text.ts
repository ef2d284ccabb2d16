import type { KeptText } from './messages.ts';

/** The most bytes that are kept of an event, an answer, and the lines of one invocation. */
export const MOST_KEPT_BYTES = 16 * 1024;

/** Keeps the beginning, as text. */
export function keepText(whole: string | Uint8Array, mostBytes = MOST_KEPT_BYTES): KeptText {
  const bytes = Buffer.byteLength(whole);
  const cut = bytes > mostBytes;
  // From bytes, since a part of a string would keep the whole one in memory.
  const text = typeof whole === 'string' && !cut ? whole : beginning(whole, mostBytes).toString();
  return { text, bytes, cut };
}

function beginning(whole: string | Uint8Array, mostBytes: number): Buffer {
  const bytes =
    typeof whole === 'string'
      ? Buffer.from(whole.slice(0, mostBytes))
      : Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength);
  return bytes.subarray(0, mostBytes);
}
