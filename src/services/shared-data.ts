import { importUserModule, SharingError } from './user-module.ts';

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
