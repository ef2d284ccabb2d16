import { readFileSync, readdirSync } from 'node:fs';
import type { ResourceLimits } from 'node:worker_threads';
import type { RawConfig } from './raw-config.ts';

/** How many invocations run at once, and how they lie on threads. */
export interface ConcurrencyPlan {
  readonly concurrency: number;
  /** Most invocations at once: never more than the threads can take. */
  readonly slots: number;
  readonly threads: number;
  readonly invocationsPerThread: number;
}

export function planConcurrency({ options, env }: RawConfig): ConcurrencyPlan {
  const concurrency = options.concurrency ?? env.AWS_LAMBDA_MAX_CONCURRENCY ?? 1;
  const workerCount = options.threads ?? env.AWS_LAMBDA_NODEJS_WORKER_COUNT;
  const threads = Math.min(workerCount ?? concurrency, concurrency);
  const invocationsPerThread =
    options.invocationsPerThread ?? (workerCount === undefined ? 1 : Math.ceil(concurrency / threads));
  const slots = Math.min(concurrency, threads * invocationsPerThread);
  return { concurrency, slots, threads: Math.ceil(slots / invocationsPerThread), invocationsPerThread };
}

/** Threads share what the function has; a fifth stays for the main thread, for buffers and for native memory. */
export function heapShare(memoryMiB: number | undefined, { threads }: ConcurrencyPlan): ResourceLimits {
  if (memoryMiB === undefined) return {};
  return { maxOldGenerationSizeMb: Math.max(64, Math.floor((memoryMiB * 0.8) / threads)) };
}

/** The descriptors of this process. */
export interface Descriptors {
  /** The most that it may have open: what `ulimit -n` says. */
  readonly limit: number;
  /** How many were not in use when that was looked up. */
  readonly free: number;
}

/** Undefined where the system does not tell, or sets no limit. */
export function lookUpDescriptors(): Descriptors | undefined {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    if (soft === undefined) return undefined;
    const limit = Number(soft);
    return { limit, free: limit - readdirSync('/proc/self/fd').length };
  } catch {
    return undefined;
  }
}

/**
 * As many of the slots as there are descriptors for, and the threads that these need: a slot without a descriptor cannot
 * poll, and one that an answer needs is missing when it is too late. At least one slot is left.
 *
 * @param perSlot how many a slot needs.
 */
export function fitDescriptors(
  layout: ConcurrencyPlan,
  descriptors: Descriptors | undefined,
  perSlot: number,
): ConcurrencyPlan {
  const { invocationsPerThread } = layout;
  const left = (descriptors?.free ?? Infinity) - OWN;
  const threadsFor = (slots: number) => Math.ceil(slots / invocationsPerThread);
  let { slots } = layout;
  while (slots > 1 && threadsFor(slots) * PER_THREAD + slots * perSlot > left) slots -= 1;
  return slots === layout.slots ? layout : { ...layout, slots, threads: threadsFor(slots) };
}

/**
 * How many a slot needs: its connection, and another one while a response is streamed. In local mode this process also has the
 * other ends of these, and the connection of the caller.
 */
export function descriptorsPerSlot(isLocal: boolean, streams: boolean): number {
  const connections = streams ? 2 : 1;
  return isLocal ? 2 * connections + 1 : connections;
}

/**
 * What the runtime opens besides: the connection of the extension, the log, and at the start the files of modules. Half of it
 * is for what handlers open.
 */
const OWN = 32;

/** What a thread's event loop takes, measured on Node.js 22, 24 and 26. */
const PER_THREAD = 5;
