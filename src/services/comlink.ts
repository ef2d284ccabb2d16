import { inspect } from 'node:util';
import { proxy, releaseProxy, transfer, transferHandlers } from 'comlink';
import type { TransferHandler } from 'comlink';
import { realmGlobal } from '../realm-global.ts';

/** comlink with a serializer that keeps an error's code, cause and properties. Both ends of a connection import it. */

export { expose, wrap } from 'comlink';
export type { Endpoint } from 'comlink';

// comlink's default handler for thrown values keeps only name, message and stack.
const defaultHandler = transferHandlers.get('throw') as TransferHandler<{ value: unknown }, PackedThrown>;
const fullErrorHandler: typeof defaultHandler = {
  canHandle: defaultHandler.canHandle,
  serialize: ({ value }) => [packThrown(value), []],
  deserialize(packed) {
    throw unpackThrown(packed);
  },
};
transferHandlers.set('throw', fullErrorHandler);

// `proxy`, `transfer` and `release` in `workers/services.ts` read these here, because that module must not load comlink.
realmGlobal<object>('comlink').value = { proxy, releaseProxy, transfer };

/** A thrown value in a form that the structured clone algorithm supports. */
type PackedThrown =
  | { readonly isError: true; readonly value: PackedError }
  | { readonly isError: false; readonly value: unknown };

interface PackedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly cause: PackedThrown | undefined;
  /** The code and own enumerable properties, without values that cannot be cloned. */
  readonly fields: Readonly<Record<string, unknown>>;
}

function packThrown(value: unknown, depth = MAX_CAUSE_DEPTH): PackedThrown {
  if (!(value instanceof Error))
    return { isError: false, value: isCloneable(value) ? value : inspect(value) };
  const { name, message, stack, cause, code, ...others } = value as NodeJS.ErrnoException;
  const fields = { ...others, ...(code === undefined ? {} : { code }) };
  return {
    isError: true,
    value: {
      name,
      message,
      stack,
      cause: cause === undefined || depth === 0 ? undefined : packThrown(cause, depth - 1),
      fields: Object.fromEntries(Object.entries(fields).filter(([, field]) => isCloneable(field))),
    },
  };
}

/** Recreates the thrown value. An error becomes an `Error`, whatever its class was. */
function unpackThrown(packed: PackedThrown): unknown {
  if (!packed.isError) return packed.value;
  const { name, message, stack, cause, fields } = packed.value;
  const error = new Error(message, cause === undefined ? undefined : { cause: unpackThrown(cause) });
  Object.assign(error, fields);
  for (const [key, value] of Object.entries({ name, stack }))
    Object.defineProperty(error, key, { value, configurable: true, writable: true, enumerable: false });
  return error;
}

/** A limit, because causes may form a circle. */
const MAX_CAUSE_DEPTH = 5;

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
