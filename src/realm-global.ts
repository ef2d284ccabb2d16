/** A value on `globalThis` that all copies of this package in a thread share, including bundled copies. */
export interface RealmGlobal<Value> {
  value: Value | undefined;
}

export function realmGlobal<Value>(name: string): RealmGlobal<Value> {
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
