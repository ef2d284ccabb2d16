import { MessageChannel } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { importFault } from '../invocation/import-error.ts';
import { expose } from './comlink.ts';
import type { Endpoint } from './comlink.ts';
import { within } from '../waiting.ts';

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

/** Loads the shared data, once. Rejects with a `SharingError` if threads could not get it, or only copies of much of it. */
export async function loadSharedData(url: string, timeoutMs: number): Promise<unknown> {
  const module = await importUserModule('sharedData', url, timeoutMs);
  const data = 'default' in module ? module['default'] : { ...module };
  if (data === undefined || data === null)
    throw new SharingError(
      'sharedData',
      `The module ${url} (option sharedData): it exports nothing to share.`,
    );
  const fault = findFault(data, 'default' in module ? 'default' : '', new Set());
  if (fault !== undefined)
    throw new SharingError('sharedData', `The module ${url} (option sharedData): ${fault}`);
  try {
    // As the threads will see it; this shares the memory of what is in a SharedArrayBuffer.
    return structuredClone(data);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new SharingError(
      'sharedData',
      `What ${url} (option sharedData) exports cannot be shared: ${reason}`,
      {
        cause,
      },
    );
  }
}

/** In bytes. Smaller ones may be copied: headers, names, offsets. */
const LARGEST_COPY = 1024 * 1024;

/** The first thing that threads cannot have, or should not have a copy of each, and where it is. */
function findFault(value: unknown, path: string, seen: Set<object>): string | undefined {
  if (typeof value === 'function' || typeof value === 'symbol')
    return `${path} is a ${typeof value}, which cannot be handed to threads.`;
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined;
  seen.add(value);
  const buffer = ArrayBuffer.isView(value) ? value.buffer : value;
  if (buffer instanceof ArrayBuffer && buffer.byteLength > LARGEST_COPY) {
    return (
      `${path} lies in an ArrayBuffer of ${buffer.byteLength} bytes, and each thread would get a copy. ` +
      'Put it into a SharedArrayBuffer.'
    );
  }
  for (const [key, part] of partsOf(value)) {
    const fault = findFault(part, path === '' ? key : `${path}.${key}`, seen);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Of plain objects, arrays, maps and sets; of other objects structuredClone knows more. */
function partsOf(value: object): Iterable<readonly [key: string, part: unknown]> {
  if (value instanceof Map) return [...value].map(([key, part]) => [String(key), part]);
  if (value instanceof Set) return [...value].map((part, index) => [String(index), part]);
  const prototype = Object.getPrototypeOf(value) as unknown;
  return Array.isArray(value) || prototype === Object.prototype || prototype === null
    ? Object.entries(value)
    : [];
}

/** Imports a module of the user's into the main thread. Rejects with a {@link SharingError}, at the latest in that time. */
async function importUserModule(
  option: SharingOption,
  url: string,
  timeoutMs: number,
): Promise<Readonly<Record<string, unknown>>> {
  const module = `The module ${url} (option ${option})`;
  const lateError = () => new Error(`it took more than ${timeoutMs} ms (initTimeoutMs)`);
  try {
    return await within(import(url) as Promise<Record<string, unknown>>, timeoutMs, lateError);
  } catch (cause) {
    const fault = await importFault(cause, url, process.cwd());
    const reason = fault?.message ?? (cause instanceof Error ? cause.message : String(cause));
    throw new SharingError(option, `${module} could not be loaded: ${reason}`, { cause });
  }
}

/** The option whose module is at fault. */
type SharingOption = 'services' | 'sharedData';

/** What a module shares with the threads could not be made ready. Its name is what Lambda sees as `errorType`. */
class SharingError extends Error {
  constructor(option: SharingOption, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = option === 'services' ? 'Runtime.ServicesError' : 'Runtime.SharedDataError';
  }
}
