import { format } from 'node:util';
import { stringify } from '../../src/builtins.ts';
import type { Diagnostic } from '../../src/invocation/diagnostic.ts';
import { truncate, isError } from '../../src/invocation/error-description.ts';
import { LoggedErrorDescriber, standardFields } from '../../src/invocation/logged-error.ts';
import type { LogLevel } from '../../src/thread-settings.ts';

/** The metadata of a log line. */
export interface LineOrigin {
  readonly time: Date;
  readonly level: LogLevel;
  readonly requestId: string | undefined;
  readonly tenantId: string | undefined;
}

/**
 * Formats a line as AWS's runtime does in the JSON format. A single argument becomes the message as JSON if possible; several
 * arguments are formatted to a text. The first error among them also adds `errorType`, `errorMessage`, `stackTrace` and, if
 * present, `code`, `cause` and `errors`.
 */
export function jsonLine(args: readonly unknown[], origin: LineOrigin): string {
  const error = args.find(isError);
  const described = error === undefined ? undefined : new LoggedErrorDescriber().describe(error);
  const message = args.length === 1 ? ownJson(described ?? args[0]) : undefined;
  return jsonText(message ?? stringify(printed(args)), described, origin);
}

/** Formats a line about a thrown value. The message is its description, unless a text is given. */
export function jsonErrorLine(thrown: unknown, text: string | undefined, origin: LineOrigin): string {
  const described = new LoggedErrorDescriber().describe(thrown);
  return jsonText(stringify(text ?? described), described, origin);
}

function jsonText(message: string, described: Diagnostic | undefined, origin: LineOrigin): string {
  const { time, level, requestId, tenantId } = origin;
  const head = `"timestamp":"${time.toISOString()}","level":"${level}"${members({ requestId, tenantId })}`;
  return `{${head},"message":${message}${described === undefined ? '' : members(standardFields(described))}}`;
}

/** Undefined if the value cannot be converted to JSON, for example a circular object or a BigInt. */
function ownJson(value: unknown): string | undefined {
  let describer: LoggedErrorDescriber | undefined;
  // `JSON.stringify` would convert errors to `{}`.
  const withErrors = (_key: string, inner: unknown) =>
    isError(inner) ? (describer ??= new LoggedErrorDescriber()).describeNested(inner) : inner;
  try {
    return stringify(value, withErrors);
  } catch {
    return undefined;
  }
}

/** `,"name":value` for each defined value. */
function members(values: object): string {
  const json = stringify(values);
  return json === '{}' ? '' : `,${json.slice(1, -1)}`;
}

/** Formats a line as AWS's runtime does in the text format, with the tenant id if there is one. */
export function textLine(args: readonly unknown[], origin: LineOrigin): string {
  return plainText(printed(args), origin);
}

/** Formats a line about a thrown value as AWS's runtime does: a text followed by JSON. */
export function textErrorLine(thrown: unknown, text: string, origin: LineOrigin): string {
  const { stackTrace, ...described } = new LoggedErrorDescriber().describe(thrown);
  return plainText(`${text} \t${stringify({ ...described, stack: stackTrace })}`, origin);
}

function plainText(text: string, { time, level, requestId = '', tenantId }: LineOrigin): string {
  const tenant = tenantId === undefined ? '' : `${tenantId}\t`;
  return `${time.toISOString()}\t${requestId}\t${tenant}${level}\t${text}`;
}

/**
 * Formats the arguments as `util.format` does. Never throws, even if getters or proxy traps throw. Strings are included in
 * full, other values are limited in length.
 */
function printed(args: readonly unknown[]): string {
  const characters = args.reduce<number>(
    (sum, arg) => sum + (typeof arg === 'string' ? arg.length : 0),
    MAX_CHARACTERS,
  );
  const text = formatted(args);
  return text.length <= characters ? text : truncate(text, characters);
}

function formatted(args: readonly unknown[]): string {
  try {
    return format(...args);
  } catch {
    return args.map(printable).join(' ');
  }
}

function printable(value: unknown): string {
  try {
    return format(value);
  } catch {
    return '[unprintable]';
  }
}

/** The limit for values other than strings: an error's stack may contain megabytes. */
const MAX_CHARACTERS = 256 * 1024;
