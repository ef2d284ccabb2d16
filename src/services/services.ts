import { MessageChannel } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { importFault } from '../invocation/import-error.ts';
import { expose } from './comlink.ts';
import type { Endpoint } from './comlink.ts';
import { withTimeout } from '../waiting.ts';

/**
 * Loads the services module once. Resolves with a function that opens a connection to it and returns the thread's port.
 * The connection ends when the port is closed, which also happens when the thread ends.
 *
 * @param stop ends the timeout.
 */
export async function openServices(
  url: string,
  timeoutMs: number,
  stop: AbortSignal,
): Promise<() => MessagePort> {
  const services = withExportCheck(await importUserModule('services', url, timeoutMs, stop), url);
  return () => {
    const { port1, port2 } = new MessageChannel();
    expose(services, port1 as unknown as Endpoint);
    // An open connection must not keep the process alive.
    port1.unref();
    return port2;
  };
}

/** Makes a call of a missing export fail with a message that lists the existing exports. */
function withExportCheck(module: Readonly<Record<string, unknown>>, url: string): object {
  return new Proxy(module, {
    get(target, name) {
      if (typeof name === 'symbol' || name in target) return Reflect.get(target, name) as unknown;
      const names = Object.keys(target).join(', ');
      throw new TypeError(`The services module ${url} has no export ${name}. It exports: ${names}.`);
    },
  });
}

/**
 * Loads the shared data once. Rejects with a `SharingError` if the data cannot be cloned, or contains a large ArrayBuffer,
 * which each thread would copy.
 *
 * @param stop ends the timeout.
 */
export async function loadSharedData(url: string, timeoutMs: number, stop: AbortSignal): Promise<unknown> {
  const module = await importUserModule('sharedData', url, timeoutMs, stop);
  const data = 'default' in module ? module['default'] : { ...module };
  if (data === undefined || data === null)
    throw new SharingError('sharedData', `The module ${url} (option sharedData) has no exports to share.`);
  const problem = findProblem(data, 'default' in module ? 'default' : '', new Set());
  if (problem !== undefined)
    throw new SharingError('sharedData', `The module ${url} (option sharedData): ${problem}`);
  try {
    // This is the form in which threads receive the data. The memory of SharedArrayBuffers stays shared.
    return structuredClone(data);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new SharingError(
      'sharedData',
      `The exports of ${url} (option sharedData) cannot be shared: ${reason}`,
      {
        cause,
      },
    );
  }
}

/** Smaller buffers, such as headers and offsets, may be copied to each thread. */
const MAX_COPY_BYTES = 1024 * 1024;

/** Describes the first value that cannot be sent to threads, or is too large to copy, with its path. */
function findProblem(value: unknown, path: string, seen: Set<object>): string | undefined {
  if (typeof value === 'function' || typeof value === 'symbol')
    return `${path} is a ${typeof value}, which cannot be sent to threads.`;
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined;
  seen.add(value);
  const buffer = ArrayBuffer.isView(value) ? value.buffer : value;
  if (buffer instanceof ArrayBuffer && buffer.byteLength > MAX_COPY_BYTES) {
    return (
      `${path} is in an ArrayBuffer of ${buffer.byteLength} bytes, which each thread would copy. ` +
      'Use a SharedArrayBuffer.'
    );
  }
  for (const [key, part] of partsOf(value)) {
    const problem = findProblem(part, path === '' ? key : `${path}.${key}`, seen);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Returns the entries of plain objects, arrays, maps and sets. structuredClone checks other objects. */
function partsOf(value: object): Iterable<readonly [key: string, part: unknown]> {
  if (value instanceof Map) return [...value].map(([key, part]) => [String(key), part]);
  if (value instanceof Set) return [...value].map((part, index) => [String(index), part]);
  const prototype = Object.getPrototypeOf(value) as unknown;
  return Array.isArray(value) || prototype === Object.prototype || prototype === null
    ? Object.entries(value)
    : [];
}

/** Imports a user's module on the main thread. Rejects with a {@link SharingError} on failure or after the timeout. */
async function importUserModule(
  option: SharingOption,
  url: string,
  timeoutMs: number,
  stop: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  const module = `The module ${url} (option ${option})`;
  const timeoutError = () => new Error(`it took more than ${timeoutMs} ms (initTimeoutMs)`);
  try {
    const loaded = import(url) as Promise<Record<string, unknown>>;
    return await withTimeout(loaded, timeoutMs, timeoutError, stop);
  } catch (cause) {
    const fault = await importFault(cause, url, process.cwd());
    const reason = fault?.message ?? (cause instanceof Error ? cause.message : String(cause));
    throw new SharingError(option, `${module} could not be loaded: ${reason}`, { cause });
  }
}

/** The options that name a shared module. */
type SharingOption = 'services' | 'sharedData';

/** A shared module could not be loaded or shared. Lambda reports the error's name as `errorType`. */
class SharingError extends Error {
  constructor(option: SharingOption, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = option === 'services' ? 'Runtime.ServicesError' : 'Runtime.SharedDataError';
  }
}
