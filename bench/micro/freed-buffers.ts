/**
 * Measures the resident memory that stays when threads with large Buffers end, in plain Node.js: glibc's malloc keeps freed
 * blocks for later use. Requires Linux.
 *
 *     MALLOC_ARENA_MAX=2 node bench/micro/freed-buffers.ts
 *     MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=8388608 node bench/micro/freed-buffers.ts
 */
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { Worker, isMainThread, parentPort } from 'node:worker_threads';
import { residentMiB } from '../proc/memory.ts';

const THREADS = 4;
const ROUNDS = 10;
/** What each thread allocates: Buffers of 8 MiB, of which it drops a third, with small ones between them. */
const LARGE = 40;
const SMALL = 50;
/** V8 keeps the pages of ended threads for some seconds. Buffers are freed at once. */
const SETTLE_MS = 1_000;

if (isMainThread) await measure();
else fill();

async function measure(): Promise<void> {
  for (let round = 1; round <= ROUNDS; round += 1) {
    const threads = Array.from({ length: THREADS }, () => new Worker(new URL(import.meta.url)));
    await Promise.all(threads.map((thread) => once(thread, 'message')));
    const full = residentMiB(process.pid);
    await Promise.all(threads.map((thread) => thread.terminate()));
    await setTimeout(SETTLE_MS);
    console.log(
      `round ${round}: ${full.toFixed()} MiB, ${residentMiB(process.pid).toFixed()} after the end of the threads`,
    );
  }
}

function fill(): void {
  const large: Buffer[] = [];
  const small: Buffer[] = [];
  for (let index = 0; index < LARGE; index += 1) {
    large.push(Buffer.alloc(8 * 1024 * 1024, 1));
    if (index % 3 === 0) large.shift();
    for (let count = 0; count < SMALL; count += 1) small.push(Buffer.alloc(3_000 + count, 1));
  }
  parentPort?.postMessage('full');
  setInterval(() => [large, small], SETTLE_MS);
}
