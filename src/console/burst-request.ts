import { MOST_CONCURRENCY } from '../config/limits.ts';
import type { BurstRequest } from './messages.ts';

/** Reads what the page asks for; or says what is wrong with it. */
export function readBurstRequest(body: Buffer): BurstRequest | { readonly refused: string } {
  const asked = parse(body.toString());
  if (typeof asked !== 'object' || asked === null) return { refused: 'The body is not a JSON object' };
  const { event, count = 1, concurrency = 1 } = asked as Partial<Record<keyof BurstRequest, unknown>>;
  if (typeof event !== 'string' || parse(event) === undefined) return { refused: 'The event is not JSON' };
  if (!isWhole(count, MOST_INVOCATIONS)) {
    return { refused: `count must be a whole number from 1 to ${MOST_INVOCATIONS}` };
  }
  if (!isWhole(concurrency, MOST_CONCURRENCY)) {
    return { refused: `concurrency must be a whole number from 1 to ${MOST_CONCURRENCY}` };
  }
  return { event, count, concurrency };
}

/** As many as the page may ask for at a time. */
export const MOST_INVOCATIONS = 10_000;

function isWhole(value: unknown, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;
}

/** No JSON says undefined. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
