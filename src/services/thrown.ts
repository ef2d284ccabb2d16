import { inspect } from 'node:util';

/** What was thrown, in a form that crosses threads. */
export type PackedThrown =
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

export function packThrown(value: unknown, depth = DEEPEST_CAUSE): PackedThrown {
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
export function unpackThrown(packed: PackedThrown): unknown {
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
