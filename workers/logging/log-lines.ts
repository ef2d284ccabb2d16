import { format } from 'node:util';
import { stringify } from '../../src/builtins.ts';
import type { Diagnostic } from '../../src/invocation/diagnostic.ts';
import { cut, isError } from '../../src/invocation/error-description.ts';
import { LoggedErrorDescriber, standardFields } from '../../src/invocation/logged-error.ts';
import type { LogLevel } from '../../src/thread-settings.ts';

/** What is known of a line besides its arguments. */
export interface LineOrigin {
  readonly time: Date;
  readonly level: LogLevel;
  readonly requestId: string | undefined;
  readonly tenantId: string | undefined;
}

/**
 * A line as AWS's runtime writes it in the format JSON. A single argument is the message as it is, if it has a JSON form;
 * more are put together to a text. The first error among them also gives the line `errorType`, `errorMessage`,
 * `stackTrace` and, where it has them, `code`, `cause` and `errors`.
 */
export function jsonLine(args: readonly unknown[], origin: LineOrigin): string {
  const error = args.find(isError);
  const described = error === undefined ? undefined : new LoggedErrorDescriber().describe(error);
  const message = args.length === 1 ? ownJson(described ?? args[0]) : undefined;
  return jsonText(message ?? stringify(printed(args)), described, origin);
}

/** A line about something that the handler's code has thrown: the message is its description, or a text. */
export function jsonErrorLine(thrown: unknown, text: string | undefined, origin: LineOrigin): string {
  const described = new LoggedErrorDescriber().describe(thrown);
  return jsonText(stringify(text ?? described), described, origin);
}

function jsonText(message: string, described: Diagnostic | undefined, origin: LineOrigin): string {
  const { time, level, requestId, tenantId } = origin;
  const head = `"timestamp":"${time.toISOString()}","level":"${level}"${members({ requestId, tenantId })}`;
  return `{${head},"message":${message}${described === undefined ? '' : members(standardFields(described))}}`;
}

/** Undefined if it has none: a circle, a BigInt, a symbol, a function. */
function ownJson(value: unknown): string | undefined {
  let describer: LoggedErrorDescriber | undefined;
  // Errors would be `{}`.
  const withErrors = (_key: string, inner: unknown) =>
    isError(inner) ? (describer ??= new LoggedErrorDescriber()).describeNested(inner) : inner;
  try {
    return stringify(value, withErrors);
  } catch {
    return undefined;
  }
}

/** `,"name":value` for each that is there. */
function members(values: object): string {
  const json = stringify(values);
  return json === '{}' ? '' : `,${json.slice(1, -1)}`;
}

/** A line as AWS's runtime writes it in the format Text; with the tenant's id where there is one. */
export function textLine(args: readonly unknown[], origin: LineOrigin): string {
  return plainText(printed(args), origin);
}

/** A line about something that the handler's code has thrown, as AWS's runtime writes it: a text, and JSON. */
export function textErrorLine(thrown: unknown, text: string, origin: LineOrigin): string {
  const { stackTrace, ...described } = new LoggedErrorDescriber().describe(thrown);
  return plainText(`${text} \t${stringify({ ...described, stack: stackTrace })}`, origin);
}

function plainText(text: string, { time, level, requestId = '', tenantId }: LineOrigin): string {
  const tenant = tenantId === undefined ? '' : `${tenantId}\t`;
  return `${time.toISOString()}\t${requestId}\t${tenant}${level}\t${text}`;
}

/**
 * The arguments as one text, `%s` and the like filled in. Never throws, whatever getters and traps do. Texts are there as a
 * whole; what is made of the others is bounded.
 */
function printed(args: readonly unknown[]): string {
  const characters = args.reduce<number>(
    (sum, arg) => sum + (typeof arg === 'string' ? arg.length : 0),
    MAX_CHARACTERS,
  );
  const text = formatted(args);
  return text.length <= characters ? text : cut(text, characters);
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

/** Of all that is no text: the stack of an error may hold megabytes, as a message. */
const MAX_CHARACTERS = 256 * 1024;
