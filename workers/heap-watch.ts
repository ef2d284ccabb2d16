import { getHeapStatistics } from 'node:v8';
import type { MessagePort } from 'node:worker_threads';
import type { FromThread } from '../src/protocol.ts';

/** Returns what to call after each run: it tells the main thread when this thread's heap is over the limit. */
export function watchHeap(port: MessagePort, limitMb: number | undefined): () => void {
  if (limitMb === undefined) return () => undefined;
  const limitBytes = limitMb * 1024 * 1024;
  return () => {
    if (getHeapStatistics().used_heap_size > limitBytes)
      port.postMessage({ type: 'heap-threshold-exceeded' } satisfies FromThread);
  };
}
