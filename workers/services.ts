import type { MessagePort } from 'node:worker_threads';
import type { Endpoint, ProxyMarked, ProxyMethods, Remote } from 'comlink';
import { globalSlot } from '../src/global-slot.ts';

/** What a module of services exports, as handlers see it: each export is a {@link Service}. */
export type Services<Module> = { readonly [Name in keyof Module]: Service<Module[Name]> };

/**
 * An export of a module of services, as handlers see it: a function or a class whose calls are promises, an object with
 * methods whose calls are promises and which is also a promise of its copy, or a promise of a value.
 */
export type Service<Export> = Export extends (...args: never) => unknown
  ? Remote<Export>
  : Export extends object
    ? Remote<Export> & PromiseLike<Export>
    : Promise<Export>;

/**
 * The exports of the module that the option `services` names. They live on the main thread, once for all threads; every
 * call is a promise. Arguments and results are copied as `structuredClone` does, or see {@link proxy} and {@link transfer}.
 *
 * A service that throws fails its call: with an `Error` that has name, message, stack, `code`, `cause` and its own fields, but
 * not its class. A call that the main thread does not answer holds its caller until the deadline.
 *
 * @typeParam Module The type of the module, `typeof import('./services.ts')`.
 * @returns The exports, each a {@link Service}.
 * @throws Error if there is no such option.
 *
 * @example
 * ```ts
 * // services.ts
 * import { LRUCache } from 'lru-cache';
 *
 * export const cache = new LRUCache<string, string>({ max: 10_000 });
 *
 * // handler.ts
 * import { useServices } from 'lambda-managed-runtime/worker';
 *
 * const { cache } = useServices<typeof import('./services.ts')>();
 *
 * export const handler = async ({ key }: { key: string }) => (await cache.get(key)) ?? 'unknown';
 * ```
 */
export function useServices<Module>(): Services<Module> {
  return present(services.value) as Services<Module>;
}

/**
 * Lets the other side call a function or an object that stays here: a callback for a service, or what a service returns. A
 * call to one of a thread that has ended is never answered.
 *
 * @param value The function or object.
 * @returns The same, marked.
 * @throws Error if there are no services.
 *
 * @example
 * ```ts
 * // services.ts
 * export const scan = async (found: (word: string) => void) => found('word');
 *
 * // handler.ts
 * import { proxy, useServices } from 'lambda-managed-runtime/worker';
 *
 * const { scan } = useServices<typeof import('./services.ts')>();
 *
 * export const handler = () => scan(proxy((word: string) => console.log(word)));
 * ```
 */
export function proxy<Value extends object>(value: Value): Value & ProxyMarked {
  return present(comlink.value).proxy(value);
}

/**
 * Lets these buffers and ports of an argument or a result move to the other side instead of being copied. Here they are empty
 * then.
 *
 * @param value The argument or the result.
 * @param transferables What of it moves.
 * @returns The same value.
 * @throws Error if there are no services.
 *
 * @example
 * ```ts
 * // services.ts
 * export const store = async (bytes: Uint8Array) => bytes.length;
 *
 * // handler.ts
 * import { transfer, useServices } from 'lambda-managed-runtime/worker';
 *
 * const { store } = useServices<typeof import('./services.ts')>();
 *
 * export const handler = ({ size }: { size: number }) => {
 *   const bytes = new Uint8Array(size);
 *   return store(transfer(bytes, [bytes.buffer]));
 * };
 * ```
 */
export function transfer<Value>(value: Value, transferables: readonly (ArrayBuffer | MessagePort)[]): Value {
  return present(comlink.value).transfer(value, transferables as Transferables);
}

/**
 * Lets go of what came from the other side as a proxy, which is then free there. Otherwise that happens when the thread ends.
 *
 * @param remote What came as a proxy.
 * @throws Error if there are no services.
 *
 * @example
 * ```ts
 * // services.ts
 * import { proxy } from 'lambda-managed-runtime/worker';
 *
 * export const open = (name: string) => proxy({ read: () => `the content of ${name}` });
 *
 * // handler.ts
 * import { release, useServices } from 'lambda-managed-runtime/worker';
 *
 * const { open } = useServices<typeof import('./services.ts')>();
 *
 * export const handler = async ({ name }: { name: string }) => {
 *   const file = await open(name);
 *   const content = await file.read();
 *   release(file);
 *   return content;
 * };
 * ```
 */
export function release(remote: ProxyMethods): void {
  remote[present(comlink.value).releaseProxy]();
}

/** To be called before the user's module loads, with a port that leads to the services. */
export async function connectServices(port: MessagePort): Promise<void> {
  const { wrap } = await import('../src/services/comlink.ts');
  services.value = wrap(port as unknown as Endpoint);
}

function present<Value>(value: Value | undefined): Value {
  if (value !== undefined) return value;
  throw new Error('There are no services here: give createManagedRuntime the option services.');
}

type Comlink = typeof import('comlink');
type Transferables = Parameters<Comlink['transfer']>[1];

const services = globalSlot<unknown>('services');
/** Set by `src/services/comlink.ts`: this module does not load comlink by itself. */
const comlink = globalSlot<Comlink>('comlink');
