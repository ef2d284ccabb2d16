import { isUtf8 } from 'node:buffer';

/** A header's value as AWS hands it on: as UTF-8. Node reads a character for each byte, which stays where it is not that. */
export function headerText(value: string): string {
  const bytes = Buffer.from(value, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : value;
}
