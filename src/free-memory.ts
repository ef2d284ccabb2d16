import { types } from 'node:util';
import { isMarkedAsUntransferable } from 'node:worker_threads';
import { transfer } from './builtins.ts';

/**
 * Frees the memory of bytes that are no longer used; their array is empty afterwards. Must not be called while native code,
 * such as a socket that is writing, uses them.
 *
 * The garbage collector would free them later. But V8 counts the bytes of all buffers, and with every 64 MiB of new ones it
 * collects the whole heap.
 */
export function freeMemory({ buffer }: Uint8Array): void {
  // Node.js marks the pool that small buffers share.
  if (types.isArrayBuffer(buffer) && buffer.byteLength > 0 && !isMarkedAsUntransferable(buffer))
    Reflect.apply(transfer, buffer, [0]);
}
