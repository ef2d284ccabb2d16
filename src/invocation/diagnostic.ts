import { fileURLToPath } from 'node:url';
import { stringify } from '../builtins.ts';
import { ErrorDescriber, FULL, cut } from './error-description.ts';
import type { DescriptionLimits, Diagnostic } from './error-description.ts';
import { xrayCause } from './xray-cause.ts';

export type { Diagnostic } from './error-description.ts';

/** A diagnostic as it goes over the wire. */
export interface EncodedDiagnostic {
  readonly errorType: string;
  /** The JSON of the {@link Diagnostic}, less than 1 MiB; `trace`, as AWS's client names it, repeats `stackTrace`. */
  readonly body: string;
  /** The JSON that X-Ray records, as a header can carry it. */
  readonly xrayCause: string;
}

/** Describes anything that can be thrown. Never throws. */
export function diagnose(thrown: unknown): Diagnostic {
  return new ErrorDescriber(FULL).describe(thrown);
}

/** A diagnostic of our own, for what no error object was thrown for. */
export function diagnostic(errorType: string, errorMessage: string): Diagnostic {
  return { errorType, errorMessage, stackTrace: [] };
}

/** {@link diagnose} and its JSON, cut to what `/error` accepts. Never throws. */
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

/** The fields of an error, as log lines and listeners get them. */
export function decodeDiagnostic({ body }: EncodedDiagnostic): Diagnostic {
  const value = JSON.parse(body) as Diagnostic & { trace?: unknown };
  delete value.trace;
  return value;
}

/** What a log line has of an error that another line tells in full, or that has no stack. */
export function summaryOf(encoded: EncodedDiagnostic): Pick<Diagnostic, 'errorType' | 'errorMessage'> {
  const { errorType, errorMessage } = decodeDiagnostic(encoded);
  return { errorType, errorMessage };
}

/** The same in at most that many bytes of JSON, 2048 or more: with less of its message and stack, without its causes. */
export function shortenDiagnostic(encoded: EncodedDiagnostic, mostBytes: number): EncodedDiagnostic {
  if (Buffer.byteLength(encoded.body) <= mostBytes) return encoded;
  const { errorType, errorMessage, stackTrace } = decodeDiagnostic(encoded);
  const withLines = (lines: number) =>
    encodeDiagnostic({
      errorType: cut(errorType, 64),
      errorMessage: cut(errorMessage, 200),
      stackTrace: stackTrace.slice(0, lines),
    });
  let lines = stackTrace.length;
  while (lines > 0 && Buffer.byteLength(withLines(lines).body) > mostBytes) lines -= 1;
  return withLines(lines);
}

/** However a character is escaped, and with the stack twice, less than 400 KiB. */
const SHORT: DescriptionLimits = {
  characters: 1024,
  totalCharacters: 32 * 1024,
  frames: 20,
  depth: 1,
  parts: 1,
};

const MAX_BODY_BYTES = 1024 * 1024 - 1024;

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
