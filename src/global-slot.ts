/** One value for the whole realm: copies of this package, those that bundlers make included, share it. */
export interface GlobalSlot<Value> {
  value: Value | undefined;
}

export function globalSlot<Value>(name: string): GlobalSlot<Value> {
  const key = Symbol.for(`lambda-managed-runtime.${name}`);
  const registry = globalThis as { [key: symbol]: Value | undefined };
  return {
    get value() {
      return registry[key];
    },
    set value(value) {
      registry[key] = value;
    },
  };
}
