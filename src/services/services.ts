import { MessageChannel } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { expose } from './comlink.ts';
import type { Endpoint } from './comlink.ts';
import { importUserModule } from './user-module.ts';

/**
 * Loads the services, once. Each call of what it resolves with opens one more way to them; it ends when the port that is
 * returned is closed, as it is when its thread ends.
 */
export async function openServices(url: string, timeoutMs: number): Promise<() => MessagePort> {
  const services = complete(await importUserModule('services', url, timeoutMs), url);
  return () => {
    const { port1, port2 } = new MessageChannel();
    expose(services, port1 as unknown as Endpoint);
    // What keeps the process alive is the runtime, not who may call its services.
    port1.unref();
    return port2;
  };
}

/** A call of what the module does not export fails with a text that says so. */
function complete(module: Readonly<Record<string, unknown>>, url: string): object {
  return new Proxy(module, {
    get(target, name) {
      if (typeof name === 'symbol' || name in target) return Reflect.get(target, name) as unknown;
      const names = Object.keys(target).join(', ');
      throw new TypeError(`The services module ${url} has no export ${name}. It exports: ${names}.`);
    },
  });
}
