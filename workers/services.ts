import type { MessagePort } from 'node:worker_threads';
import type { Endpoint, ProxyMarked, ProxyMethods, Remote } from 'comlink';

/** Functions and classes whose calls are promises, objects of such, and values that are promised. */
export type Services<Module> = { readonly [Name in keyof Module]: Service<Module[Name]> };

type Service<Export> = Export extends (...args: never) => unknown
  ? Remote<Export>
  : Export extends object
    ? Remote<Export> & PromiseLike<Export>
    : Promise<Export>;

/**
 * The exports of the module that the option `services` names. They live on the main thread, once for all threads; every
 * call is a promise. Arguments and results are copied as `structuredClone` does, or see {@link proxy} and {@link transfer}.
 *
 * @throws Error if there is no such option.
 *
 * @example
 *     const { cache } = useServices<typeof import('./services.ts')>();
 *     const hit = await cache.get('key');
 */
export function useServices<Module>(): Services<Module> {
  return present(registry[SERVICES]) as Services<Module>;
}

/**
 * Lets the other side call a function or an object that stays here: a callback for a service, or what a service returns.
 *
 * @throws Error if there are no services.
 */
export function proxy<Value extends object>(value: Value): Value & ProxyMarked {
  return present(registry[COMLINK]).proxy(value);
}

/**
 * Lets these buffers and ports of an argument or a result move to the other side instead of being copied.
 *
 * @throws Error if there are no services.
 */
export function transfer<Value>(value: Value, transferables: readonly (ArrayBuffer | MessagePort)[]): Value {
  return present(registry[COMLINK]).transfer(value, transferables as Transferables);
}

/**
 * Lets go of what came from the other side as a proxy, which is then free there. Ends with the thread otherwise.
 *
 * @throws Error if there are no services.
 */
export function release(remote: ProxyMethods): void {
  remote[present(registry[COMLINK]).releaseProxy]();
}

/** To be called before the user's module loads, with a port that leads to the services. */
export async function connectServices(port: MessagePort): Promise<void> {
  const { wrap } = await import('../src/services/comlink.ts');
  registry[SERVICES] = wrap(port as unknown as Endpoint);
}

function present<Value>(value: Value | undefined): Value {
  if (value !== undefined) return value;
  throw new Error('There are no services here: give createManagedRuntime the option services.');
}

type Comlink = typeof import('comlink');
type Transferables = Parameters<Comlink['transfer']>[1];

/** A copy of this module that a bundler made finds what the runtime has set; `src/services/comlink.ts` sets the latter. */
const SERVICES = Symbol.for('lambda-managed-runtime.services');
const COMLINK = Symbol.for('lambda-managed-runtime.comlink');
const registry = globalThis as { [SERVICES]?: unknown; [COMLINK]?: Comlink };
