import { fileURLToPath } from 'node:url';
import type { Diagnostic } from './diagnostic.ts';

/** A diagnostic as people read it: what happened, where, and what it was caused by, without the frames of the runtime and of Node.js. */
export function diagnosticText(diagnostic: Diagnostic): string {
  const { errorType, errorMessage, cause, errors = [] } = diagnostic;
  return [
    `${errorType}: ${errorMessage}`,
    ...framesOf(diagnostic),
    ...(cause === undefined ? [] : indented(`Caused by ${diagnosticText(cause)}`)),
    ...errors.flatMap((error) => indented(`One of its errors: ${diagnosticText(error)}`)),
  ].join('\n');
}

/** Of lines with type and message, which repeat what has been said, the stack keeps none. */
function framesOf({ errorMessage, stackTrace }: Diagnostic): string[] {
  const [first] = errorMessage.split('\n');
  const head = stackTrace.findIndex((line) => first !== undefined && line.includes(first.slice(0, 200)));
  const code = stackTrace.slice(0, Math.max(head, 0));
  const below = stackTrace.slice(head + 1).filter((line) => !NOT_THEIRS.some((part) => line.includes(part)));
  return [...code, ...below];
}

function indented(text: string): string[] {
  return text.split('\n').map((line) => `  ${line}`);
}

/** From the sources this lies in src/invocation, built in dist/src. */
const ROOT = new URL('../../', import.meta.url);
const NOT_THEIRS = [
  'node:internal/',
  '/piscina/dist/',
  ...['src/', 'workers/', 'dist/'].flatMap((folder) => {
    const url = new URL(folder, ROOT);
    return [url.href, fileURLToPath(url)];
  }),
];
