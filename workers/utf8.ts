import type { EventBytes } from '../src/invocation/invocation.ts';

/** Bytes as text. Headers and small events come as strings with one character for each byte. */
export function utf8(bytes: EventBytes): string {
  if (typeof bytes !== 'string') return Buffer.from(bytes.buffer).toString();
  return NOT_ASCII.test(bytes) ? Buffer.from(bytes, 'latin1').toString() : bytes;
}

const NOT_ASCII = /[^\x00-\x7f]/;
