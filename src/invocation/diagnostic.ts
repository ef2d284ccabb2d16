import { fileURLToPath } from 'node:url';
import { stringify } from '../builtins.ts';
import { ErrorDescriber, FULL_LIMITS, truncate } from './error-description.ts';
import type { DescriptionLimits, Diagnostic } from './error-description.ts';
import { xrayCause } from './xray-cause.ts';

export type { Diagnostic } from './error-description.ts';

/** A diagnostic in the form that is sent to Lambda. */
export interface EncodedDiagnostic {
  readonly errorType: string;
  /** The JSON of the {@link Diagnostic}, less than 1 MiB; `trace`, as AWS's client names it, repeats `stackTrace`. */
  readonly body: string;
  /** The JSON that X-Ray records, as a header can carry it. */
  readonly xrayCause: string;
}

/** Describes anything that can be thrown. Never throws. */
export function diagnose(thrown: unknown): Diagnostic {
  return new ErrorDescriber(FULL_LIMITS).describe(thrown);
}

/** Creates a diagnostic of the runtime itself, without a stack. */
export function diagnostic(errorType: string, errorMessage: string): Diagnostic {
  return { errorType, errorMessage, stackTrace: [] };
}

/** Describes and encodes a thrown value within the size limit of `/error`. Never throws. */
export function encodeThrown(thrown: unknown): EncodedDiagnostic {
  const full = encodeDiagnostic(diagnose(thrown));
  if (Buffer.byteLength(full.body) < MAX_BODY_BYTES) return full;
  return encodeDiagnostic(new ErrorDescriber(SHORT).describe(thrown));
}

export function encodeDiagnostic(value: Diagnostic): EncodedDiagnostic {
  const { errorType, errorMessage, stackTrace, ...more } = value;
  const body = stringify({ errorType, errorMessage, stackTrace, trace: stackTrace, ...more });
  return { errorType, body, xrayCause: xrayCause(value) };
}

/** The fields of an error for log lines and diagnostics channels. */
export function decodeDiagnostic({ body }: EncodedDiagnostic): Diagnostic {
  const value = JSON.parse(body) as Diagnostic & { trace?: unknown };
  delete value.trace;
  return value;
}

/** Error fields for a log line without a stack: another line has it, or there is none. */
export function summaryOf(encoded: EncodedDiagnostic): Pick<Diagnostic, 'errorType' | 'errorMessage'> {
  const { errorType, errorMessage } = decodeDiagnostic(encoded);
  return { errorType, errorMessage };
}

/**
 * Shortens a diagnostic to at most `maxBytes` of JSON, 2048 or more, by removing causes and cutting the message and the stack.
 */
export function shortenDiagnostic(encoded: EncodedDiagnostic, maxBytes: number): EncodedDiagnostic {
  if (Buffer.byteLength(encoded.body) <= maxBytes) return encoded;
  const { errorType, errorMessage, stackTrace } = decodeDiagnostic(encoded);
  const withLines = (lines: number) =>
    encodeDiagnostic({
      errorType: truncate(errorType, 64),
      errorMessage: truncate(errorMessage, 200),
      stackTrace: stackTrace.slice(0, lines),
    });
  let lines = stackTrace.length;
  while (lines > 0 && Buffer.byteLength(withLines(lines).body) > maxBytes) lines -= 1;
  return withLines(lines);
}

/** Less than 400 KiB as JSON, even if each character is escaped and the stack is included twice. */
const SHORT: DescriptionLimits = {
  characters: 1024,
  totalCharacters: 32 * 1024,
  frames: 20,
  depth: 1,
  parts: 1,
};

const MAX_BODY_BYTES = 1024 * 1024 - 1024;

/** Formats a diagnostic with its stack and causes over several lines, without frames of the runtime and of Node.js. */
export function diagnosticText(diagnostic: Diagnostic): string {
  const { errorType, errorMessage, cause, errors = [] } = diagnostic;
  return [
    `${errorType}: ${errorMessage}`,
    ...framesOf(diagnostic),
    ...(cause === undefined ? [] : indented(`Caused by ${diagnosticText(cause)}`)),
    ...errors.flatMap((error) => indented(`One of its errors: ${diagnosticText(error)}`)),
  ].join('\n');
}

/** The stack without the lines that repeat type and message, and without frames of the runtime and of Node.js. */
function framesOf({ errorMessage, stackTrace }: Diagnostic): string[] {
  const [first] = errorMessage.split('\n');
  const head = stackTrace.findIndex((line) => first !== undefined && line.includes(first.slice(0, 200)));
  const code = stackTrace.slice(0, Math.max(head, 0));
  const below = stackTrace.slice(head + 1).filter((line) => !isInternal(line));
  return [...code, ...below];
}

/** Whether a path, a URL or the line of a stack names a file of the runtime or an internal one of Node.js. */
export function isInternal(location: string): boolean {
  return INTERNAL_PATHS.some((part) => location.includes(part));
}

function indented(text: string): string[] {
  return text.split('\n').map((line) => `  ${line}`);
}

/** The root of the package. This module is in `src/invocation`, its bundle in `dist/src`. */
const ROOT = new URL('../../', import.meta.url);
const INTERNAL_PATHS = [
  'node:internal/',
  '/piscina/dist/',
  ...['src/', 'workers/', 'dist/'].flatMap((folder) => {
    const url = new URL(folder, ROOT);
    return [url.href, fileURLToPath(url)];
  }),
];
