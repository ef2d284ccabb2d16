import { types } from 'node:util';
import { stringify } from '../../src/builtins.ts';
import { diagnose } from '../../src/invocation/diagnostic.ts';
import type { LineOrigin } from './console.ts';
import { printed } from './printed.ts';

/**
 * A line as AWS's runtime writes it in the format JSON. A single argument is the message as it is, if it has a JSON form;
 * more are put together to a text. The first error among them also gives the line `errorType`, `errorMessage`,
 * `stackTrace` and, where it has them, `code`, `cause` and `errors`.
 */
export function jsonLine(args: readonly unknown[], { time, level, requestId, tenantId }: LineOrigin): string {
  const ids = { requestId, tenantId };
  const head = `"timestamp":"${time.toISOString()}","level":"${level}"${members(ids)}`;
  const error = args.find(isError);
  return `{${head},"message":${message(args)}${error === undefined ? '' : members(diagnose(error))}}`;
}

function message(args: readonly unknown[]): string {
  return (args.length === 1 ? ownJson(args[0]) : undefined) ?? stringify(printed(args));
}

/** Undefined if it has none: a circle, a BigInt, a symbol, a function. */
function ownJson(value: unknown): string | undefined {
  try {
    return stringify(value, withErrors);
  } catch {
    return undefined;
  }
}

/** Errors would be `{}`. */
function withErrors(_key: string, value: unknown): unknown {
  return isError(value) ? { ...diagnose(value), ...value } : value;
}

/** Of other realms as well, and those that only inherit, as DOMException does. A proxy may throw when it is asked. */
function isError(value: unknown): value is Error {
  try {
    return types.isNativeError(value) || value instanceof Error;
  } catch {
    return false;
  }
}

/** `,"name":value` for each that is there. */
function members(values: object): string {
  const json = stringify(values);
  return json === '{}' ? '' : `,${json.slice(1, -1)}`;
}
