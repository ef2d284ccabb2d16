import type { EventBytes } from './invocation.ts';

/**
 * Bytes as text. Headers of HTTP and small events come as strings with one character for each byte; what is no UTF-8 becomes
 * U+FFFD.
 */
export function utf8(bytes: EventBytes): string {
  if (typeof bytes !== 'string') return Buffer.from(bytes.buffer).toString();
  return NOT_ASCII.test(bytes) ? Buffer.from(bytes, 'latin1').toString() : bytes;
}

const NOT_ASCII = /[^\x00-\x7f]/;
