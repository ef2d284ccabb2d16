import { realmGlobal } from '../src/realm-global.ts';

/** The data of a shared-data module: its default export, or an object of its exports if there is none. */
export type SharedData<Module> = Module extends { readonly default: infer Data } ? Data : Module;

/**
 * Returns the exports of the module for the option `sharedData`. A SharedArrayBuffer is the same memory in all threads; use
 * `Atomics` if several threads write to it. Other values are copies.
 *
 * @typeParam Module The type of the module, `typeof import('./model.ts')`.
 * @returns Its default export, or an object of all its exports.
 * @throws Error if the option `sharedData` is not set.
 *
 * @example
 * ```ts
 * // model.ts
 * export const weights = new Float32Array(new SharedArrayBuffer(4 * 1024));
 *
 * // handler.ts
 * import { useSharedData } from 'lambda-managed-runtime/worker';
 *
 * const { weights } = useSharedData<typeof import('./model.ts')>();
 *
 * export const handler = ({ at }: { at: number }) => weights[at];
 * ```
 */
export function useSharedData<Module>(): SharedData<Module> {
  const data = sharedData.value;
  if (data === undefined)
    throw new Error('There is no shared data: set the option sharedData of createManagedRuntime.');
  return data as SharedData<Module>;
}

/** Must be called before the user's module is loaded. */
export function setSharedData(data: unknown): void {
  sharedData.value = data;
}

const sharedData = realmGlobal<unknown>('shared-data');
