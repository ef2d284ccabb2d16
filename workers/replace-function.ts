/**
 * Replaces a function of an object. The new function gets all properties of the old one, because `util.promisify` reads
 * symbols of functions, and agents mark functions that they have wrapped.
 *
 * @returns a function that restores the original. If other code has wrapped the new function, it stays and calls the original.
 */
export function replaceFunction(
  target: object,
  name: string,
  replacement: (...args: never[]) => unknown,
): () => void {
  const before = Object.getOwnPropertyDescriptor(target, name);
  const original: unknown = Reflect.get(target, name);
  let current: unknown = replacement;
  // A method, because it has no `prototype`, unlike a function.
  const { installed } = {
    installed(this: unknown, ...args: unknown[]): unknown {
      return typeof current === 'function' ? Reflect.apply(current, this, args) : undefined;
    },
  };
  copyProperties(typeof original === 'function' ? original : replacement, installed);
  const { configurable = true, enumerable = true } = before ?? {};
  Reflect.defineProperty(target, name, { configurable, enumerable, writable: true, value: installed });
  return () => {
    current = original;
    if (Reflect.get(target, name) !== installed) return;
    if (before === undefined) Reflect.deleteProperty(target, name);
    else Reflect.defineProperty(target, name, before);
  };
}

function copyProperties(from: object, to: object): void {
  for (const key of Reflect.ownKeys(from)) {
    const descriptor = Object.getOwnPropertyDescriptor(from, key);
    if (descriptor !== undefined && !OWN_OF_EACH.has(key)) Reflect.defineProperty(to, key, descriptor);
  }
}

/** Properties that must not be copied between functions. */
const OWN_OF_EACH: ReadonlySet<string | symbol> = new Set(['prototype', 'arguments', 'caller']);
