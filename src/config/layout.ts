import type { ResourceLimits } from 'node:worker_threads';
import type { Given } from './given.ts';

/** How many invocations run at once, and how they lie on threads. */
export interface Layout {
  readonly concurrency: number;
  /** Most invocations at once: never more than the threads can take. */
  readonly slots: number;
  readonly threads: number;
  readonly invocationsPerThread: number;
}

export function layOut({ options, env }: Given): Layout {
  const concurrency = options.concurrency ?? env.AWS_LAMBDA_MAX_CONCURRENCY ?? 1;
  const workerCount = options.threads ?? env.AWS_LAMBDA_NODEJS_WORKER_COUNT;
  const threads = Math.min(workerCount ?? concurrency, concurrency);
  const invocationsPerThread =
    options.invocationsPerThread ?? (workerCount === undefined ? 1 : Math.ceil(concurrency / threads));
  const slots = Math.min(concurrency, threads * invocationsPerThread);
  return { concurrency, slots, threads: Math.ceil(slots / invocationsPerThread), invocationsPerThread };
}

/** Threads share what the function has; a fifth stays for the main thread, for buffers and for native memory. */
export function heapShare(memoryMiB: number | undefined, { threads }: Layout): ResourceLimits {
  if (memoryMiB === undefined) return {};
  return { maxOldGenerationSizeMb: Math.max(64, Math.floor((memoryMiB * 0.8) / threads)) };
}
