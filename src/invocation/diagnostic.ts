import { inspect, types } from 'node:util';
import { stringify } from '../builtins.ts';

/**
 * The error body that Lambda gets.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-invokeerror
 */
export interface Diagnostic {
  readonly errorType: string;
  readonly errorMessage: string;
  /** The lines of the error's stack, the first of which repeats type and message. */
  readonly stackTrace: readonly string[];
  readonly code?: string | number;
  readonly cause?: Diagnostic;
  /** The errors that an AggregateError holds, the first ten. */
  readonly errors?: readonly Diagnostic[];
}

/** A diagnostic as it goes over the wire. */
export interface EncodedDiagnostic {
  readonly errorType: string;
  /** The JSON of the {@link Diagnostic}, less than 1 MiB. */
  readonly body: string;
}

/** Describes anything that can be thrown. Never throws, whatever its getters and traps do. */
export function diagnose(thrown: unknown): Diagnostic {
  return describe(thrown, { ...FULL, parts: { left: MOST_PARTS } });
}

/** A diagnostic of our own, for what no error object was thrown for. */
export function diagnostic(errorType: string, errorMessage: string): Diagnostic {
  return { errorType, errorMessage, stackTrace: [] };
}

/** {@link diagnose} and its JSON, cut to what `/error` accepts. Never throws. */
export function encodeThrown(thrown: unknown): EncodedDiagnostic {
  const full = encodeDiagnostic(diagnose(thrown));
  if (Buffer.byteLength(full.body) < MAX_BODY_BYTES) return full;
  return encodeDiagnostic(describe(thrown, { ...SHORT, parts: { left: 1 } }));
}

export function encodeDiagnostic(value: Diagnostic): EncodedDiagnostic {
  return { errorType: value.errorType, body: stringify(value) };
}

/** The same in at most that many bytes of JSON, 2048 or more: with less of its message and stack, without its causes. */
export function shortenDiagnostic(encoded: EncodedDiagnostic, mostBytes: number): EncodedDiagnostic {
  if (Buffer.byteLength(encoded.body) <= mostBytes) return encoded;
  const { errorType, errorMessage, stackTrace } = JSON.parse(encoded.body) as Diagnostic;
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

interface Limits {
  readonly characters: number;
  readonly frames: number;
  readonly depth: number;
  /** How many more errors may be described: causes and members multiply. */
  readonly parts: { left: number };
}

const MAX_BODY_BYTES = 1024 * 1024 - 1024;
const FULL = { characters: 64 * 1024, frames: 100, depth: 5 } as const;
/** However a character is escaped, less than 200 KiB. */
const SHORT = { characters: 1024, frames: 20, depth: 1 } as const;
const MOST_PARTS = 50;

function describe(thrown: unknown, limits: Limits): Diagnostic {
  limits.parts.left -= 1;
  if (!isErrorLike(thrown)) {
    const errorType = thrown === null ? 'null' : typeof thrown;
    return { errorType, errorMessage: cut(printed(thrown), limits.characters), stackTrace: [] };
  }
  const errorType = text(thrown, 'name') || constructorName(thrown) || 'Error';
  const message = text(thrown, 'message') ?? '';
  const code = read(thrown, 'code');
  return {
    errorType: cut(errorType, 256),
    errorMessage: cut(message, limits.characters),
    stackTrace: stackLines(text(thrown, 'stack') ?? '', message, limits),
    ...(typeof code === 'number' ? { code } : {}),
    ...(typeof code === 'string' ? { code: cut(code, 256) } : {}),
    ...related(thrown, { ...limits, depth: limits.depth - 1 }),
  };
}

function related(thrown: object, limits: Limits): Pick<Diagnostic, 'cause' | 'errors'> {
  if (limits.depth <= 0 || limits.parts.left <= 0) return {};
  const cause = read(thrown, 'cause');
  const errors = read(thrown, 'errors');
  return {
    ...(cause === undefined ? {} : { cause: describe(cause, limits) }),
    ...(safely(() => Array.isArray(errors)) && read(thrown, 'name') === 'AggregateError'
      ? { errors: members(errors as unknown[], limits).map((member) => describe(member, limits)) }
      : {}),
  };
}

function members(errors: unknown[], limits: Limits): unknown[] {
  return safely(() => Array.from(errors).slice(0, Math.min(10, limits.parts.left))) ?? [];
}

function isErrorLike(thrown: unknown): thrown is object {
  if (typeof thrown !== 'object' || thrown === null) return false;
  return types.isNativeError(thrown) || text(thrown, 'message') !== undefined;
}

/** A message may have many lines; the frames that follow it are what a reader needs. */
function stackLines(stack: string, message: string, limits: Limits): string[] {
  const start = message === '' ? undefined : startOfMessage(stack, message);
  const head = start === undefined ? '' : stack.slice(0, start) + cut(message.split('\n', 1)[0] ?? '', 256);
  const rest = start === undefined ? stack : stack.slice(start + message.length);
  const frames = rest.split('\n', limits.frames + 1);
  return [head, ...frames].filter((line) => line !== '').map((line) => cut(line, 1024));
}

/** At the beginning or behind a name. To search for a long message can take minutes where it nearly repeats itself. */
function startOfMessage(stack: string, message: string): number | undefined {
  return [0, stack.indexOf(': ') + 2].find((at) => stack.startsWith(message, at));
}

function constructorName(thrown: object): string | undefined {
  const constructor = read(thrown, 'constructor');
  return typeof constructor === 'function' ? text(constructor, 'name') : undefined;
}

function text(from: object, key: string): string | undefined {
  const value = read(from, key);
  return typeof value === 'string' ? value : undefined;
}

function read(from: object, key: string): unknown {
  return safely(() => (from as Record<string, unknown>)[key]);
}

function printed(value: unknown): string {
  if (typeof value === 'string') return value;
  return (
    safely(() => inspect(value, { depth: 3, maxArrayLength: 20, maxStringLength: 1024 })) ?? 'unprintable'
  );
}

function cut(value: string, characters: number): string {
  const wellFormed = value.slice(0, characters).toWellFormed();
  return value.length <= characters
    ? wellFormed
    : `${wellFormed}… (${value.length - characters} more characters)`;
}

function safely<Result>(action: () => Result): Result | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
