/** The default export, or else all that the module exports. */
export type SharedData<Module> = Module extends { readonly default: infer Data } ? Data : Module;

/**
 * What the module exports that the option `sharedData` names. What is in a SharedArrayBuffer is the same memory in all
 * threads; the rest is a copy.
 *
 * @throws Error if there is no such option.
 *
 * @example
 *     const { weights } = useSharedData<typeof import('./model.ts')>();
 */
export function useSharedData<Module>(): SharedData<Module> {
  const data = registry[KEY];
  if (data === undefined)
    throw new Error('There is no shared data here: give createManagedRuntime the option sharedData.');
  return data as SharedData<Module>;
}

/** To be called before the user's module loads. */
export function setSharedData(data: unknown): void {
  registry[KEY] = data;
}

/** A copy of this module that a bundler made finds the data all the same. */
const KEY = Symbol.for('lambda-managed-runtime.shared-data');
const registry = globalThis as { [KEY]?: unknown };
