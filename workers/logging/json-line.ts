import { stringify } from '../../src/builtins.ts';
import type { Diagnostic } from '../../src/invocation/diagnostic.ts';
import { isError } from '../../src/invocation/error-description.ts';
import { LoggedErrorDescriber, standardFields } from '../../src/invocation/logged-error.ts';
import type { LineOrigin } from './console.ts';
import { printed } from './printed.ts';

/**
 * A line as AWS's runtime writes it in the format JSON. A single argument is the message as it is, if it has a JSON form;
 * more are put together to a text. The first error among them also gives the line `errorType`, `errorMessage`,
 * `stackTrace` and, where it has them, `code`, `cause` and `errors`.
 */
export function jsonLine(args: readonly unknown[], origin: LineOrigin): string {
  const error = args.find(isError);
  const described = error === undefined ? undefined : new LoggedErrorDescriber().describe(error);
  const message = args.length === 1 ? ownJson(described ?? args[0]) : undefined;
  return line(message ?? stringify(printed(args)), described, origin);
}

/** A line about something that the handler's code has thrown: the message is its description, or a text. */
export function jsonErrorLine(thrown: unknown, text: string | undefined, origin: LineOrigin): string {
  const described = new LoggedErrorDescriber().describe(thrown);
  return line(stringify(text ?? described), described, origin);
}

function line(message: string, described: Diagnostic | undefined, origin: LineOrigin): string {
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
