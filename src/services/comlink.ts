import { inspect } from 'node:util';
import { proxy, releaseProxy, transfer, transferHandlers } from 'comlink';
import type { TransferHandler } from 'comlink';
import { globalSlot } from '../global-slot.ts';

/** comlink, with errors that arrive whole. The same for both ends: the main thread's, and a handler's. */

export { expose, wrap } from 'comlink';
export type { Endpoint } from 'comlink';

// comlink's own handler for what is thrown drops all but name, message and stack.
const stock = transferHandlers.get('throw') as TransferHandler<{ value: unknown }, PackedThrown>;
const whole: typeof stock = {
  canHandle: stock.canHandle,
  serialize: ({ value }) => [packThrown(value), []],
  deserialize(packed) {
    throw unpackThrown(packed);
  },
};
transferHandlers.set('throw', whole);

// For `proxy`, `transfer` and `release` of `workers/services.ts`, whose module must not load comlink by itself.
globalSlot<object>('comlink').value = { proxy, releaseProxy, transfer };

/** What was thrown, in a form that crosses threads. */
type PackedThrown =
  | { readonly isError: true; readonly value: PackedError }
  | { readonly isError: false; readonly value: unknown };

interface PackedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly cause: PackedThrown | undefined;
  /** Its code and its own enumerable properties, without those that cannot cross. */
  readonly fields: Readonly<Record<string, unknown>>;
}

function packThrown(value: unknown, depth = DEEPEST_CAUSE): PackedThrown {
  if (!(value instanceof Error)) return { isError: false, value: crosses(value) ? value : inspect(value) };
  const { name, message, stack, cause, code, ...others } = value as NodeJS.ErrnoException;
  const fields = { ...others, ...(code === undefined ? {} : { code }) };
  return {
    isError: true,
    value: {
      name,
      message,
      stack,
      cause: cause === undefined || depth === 0 ? undefined : packThrown(cause, depth - 1),
      fields: Object.fromEntries(Object.entries(fields).filter(([, field]) => crosses(field))),
    },
  };
}

/** An error again, though not of its class. */
function unpackThrown(packed: PackedThrown): unknown {
  if (!packed.isError) return packed.value;
  const { name, message, stack, cause, fields } = packed.value;
  const error = new Error(message, cause === undefined ? undefined : { cause: unpackThrown(cause) });
  Object.assign(error, fields);
  for (const [key, value] of Object.entries({ name, stack }))
    Object.defineProperty(error, key, { value, configurable: true, writable: true, enumerable: false });
  return error;
}

/** Causes may form a circle. */
const DEEPEST_CAUSE = 5;

function crosses(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
