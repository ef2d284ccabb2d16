import { readFileSync } from 'node:fs';
import { BenchError } from './bench-error.ts';

/**
 * The events of a file, as JSON: those of the array in it, or the one that it is. Without a file, an empty object.
 *
 * @throws BenchError when there is no such file, and when it is not JSON or an empty array.
 */
export function readEvents(file: string | undefined): string[] {
  if (file === undefined) return ['{}'];
  const content = parse(file, read(file));
  const events = Array.isArray(content) ? (content as unknown[]) : [content];
  if (events.length === 0) throw new BenchError(`${file} has an empty array: there is no event in it.`);
  return events.map((event) => JSON.stringify(event));
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new BenchError(`The events cannot be read: ${(error as Error).message}`);
  }
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BenchError(
      `${file} is not JSON (an event, or an array of events): ${(error as Error).message}`,
    );
  }
}
