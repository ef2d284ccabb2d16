/**
 * Replaces a function of an object. The new function gets all properties of the old one, since code looks at more than the
 * call: `util.promisify` reads hidden symbols, and agents mark what they have wrapped.
 *
 * @returns what undoes it. Other code may have wrapped the new function meanwhile: then it stays, and calls the old one.
 */
export function replaceFunction(
  target: object,
  name: string,
  replacement: (...args: never[]) => unknown,
): () => void {
  const before = Object.getOwnPropertyDescriptor(target, name);
  const original: unknown = Reflect.get(target, name);
  let current: unknown = replacement;
  // A method: it can have all properties that the original has, and no others.
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

/** Belong to one function. */
const OWN_OF_EACH: ReadonlySet<string | symbol> = new Set(['prototype', 'arguments', 'caller']);
