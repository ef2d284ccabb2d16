import type { MessagePort } from 'node:worker_threads';
import type { Endpoint, ProxyMarked, ProxyMethods, Remote } from 'comlink';
import { realmGlobal } from '../src/realm-global.ts';

/** The exports of a services module as handlers see them; each is a {@link Service}. */
export type Services<Module> = { readonly [Name in keyof Module]: Service<Module[Name]> };

/**
 * An export of a services module as handlers see it. Calls of functions, classes and methods return promises. An object is also
 * a promise of its copy, and another value is a promise of the value.
 */
export type Service<Export> = Export extends (...args: never) => unknown
  ? Remote<Export>
  : Export extends object
    ? Remote<Export> & PromiseLike<Export>
    : Promise<Export>;

/**
 * Returns the exports of the module for the option `services`. They run once on the main thread for all threads; every call
 * returns a promise. Arguments and results are copied as with `structuredClone`; {@link proxy} and {@link transfer} are the
 * alternatives.
 *
 * If a service throws, its call rejects with an `Error` that has name, message, stack, `code`, `cause` and own fields of the
 * original error, but not its class. Calls have no timeout of their own.
 *
 * @typeParam Module The type of the module, `typeof import('./services.ts')`.
 * @returns The exports, each a {@link Service}.
 * @throws Error if the option `services` is not set.
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
 * Passes a function or object by reference instead of copying it, for example a callback for a service or the result of a
 * service. A call to a proxy of a thread that has ended never settles.
 *
 * @param value The function or object.
 * @returns The same value, marked as a proxy.
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
 * Transfers buffers and ports of an argument or result instead of copying them. They cannot be used on this side any more.
 *
 * @param value The argument or the result.
 * @param transferables The buffers and ports in `value` to transfer.
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
 * Releases a proxy of the other side, so that its object can be garbage-collected there. Without a call, proxies are released
 * when the thread ends.
 *
 * @param remote The proxy.
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

/** Must be called before the user's module is loaded, with the port to the services, if there are any. */
export async function connectServices(port: MessagePort | undefined): Promise<void> {
  services.value = port && (await import('../src/services/comlink.ts')).wrap(port as unknown as Endpoint);
}

function present<Value>(value: Value | undefined): Value {
  if (value !== undefined) return value;
  throw new Error('There are no services: set the option services of createManagedRuntime.');
}

type Comlink = typeof import('comlink');
type Transferables = Parameters<Comlink['transfer']>[1];

const services = realmGlobal<unknown>('services');
/** Set by `src/services/comlink.ts`, so that this module does not load comlink. */
const comlink = realmGlobal<Comlink>('comlink');
