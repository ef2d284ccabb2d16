import { globalSlot } from '../src/global-slot.ts';

/** What a module of shared data exports: its default export, or else all that it exports. */
export type SharedData<Module> = Module extends { readonly default: infer Data } ? Data : Module;

/**
 * What the module exports that the option `sharedData` names. What is in a SharedArrayBuffer is the same memory in all
 * threads, which may also write there, with `Atomics` where several do; the rest is a copy.
 *
 * @typeParam Module The type of the module, `typeof import('./model.ts')`.
 * @returns Its default export, or an object of all its exports.
 * @throws Error if there is no such option.
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
    throw new Error('There is no shared data here: give createManagedRuntime the option sharedData.');
  return data as SharedData<Module>;
}

/** To be called before the user's module loads. */
export function setSharedData(data: unknown): void {
  sharedData.value = data;
}

const sharedData = globalSlot<unknown>('shared-data');
