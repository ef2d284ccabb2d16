import { isPromise } from 'node:util/types';

/** Whether the value can be the value of an HTTP header: text without control characters. It may be empty. */
export function isContentType(value: unknown): value is string {
  return typeof value === 'string' && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}

/** What was given in place of a content type. Not its content: Node.js 22 prints the context of a promise. */
export function describeInvalidType(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return isPromise(value) ? 'a promise, which must be awaited' : `of the type ${typeof value}`;
}
