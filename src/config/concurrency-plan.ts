import { readFileSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { ResourceLimits } from 'node:worker_threads';
import type { RawConfig } from './raw-config.ts';

/** How many invocations run concurrently, and how they are distributed over threads. */
export interface ConcurrencyPlan {
  readonly concurrency: number;
  /** Maximum number of concurrent invocations, never more than the threads can take. */
  readonly slots: number;
  readonly threads: number;
  readonly invocationsPerThread: number;
  /** If false, handlers run on the main thread (single mode). */
  readonly inThreads: boolean;
}

export function planConcurrency(raw: RawConfig): ConcurrencyPlan {
  const { options, env, devHooks, isLocal } = raw;
  const workerCount = options.threads ?? env.AWS_LAMBDA_NODEJS_WORKER_COUNT;
  const concurrency =
    options.concurrency ??
    env.AWS_LAMBDA_MAX_CONCURRENCY ??
    (isLocal && workerCount === undefined ? localConcurrency() : 1);
  const threads = Math.min(workerCount ?? concurrency, concurrency);
  const invocationsPerThread =
    options.invocationsPerThread ?? (workerCount === undefined ? 1 : Math.ceil(concurrency / threads));
  const slots = Math.min(concurrency, threads * invocationsPerThread);
  return {
    concurrency,
    slots,
    threads: Math.ceil(slots / invocationsPerThread),
    invocationsPerThread,
    inThreads: concurrency > 1 || devHooks !== undefined || asksForOneThread(raw),
  };
}

/** The default in local mode. With one slot the local server would share the main thread with the handler. */
export function localConcurrency(): number {
  return Math.max(2, availableParallelism());
}

/**
 * Whether a concurrency of 1 should use a worker thread. A worker count alone does not ask for one: the variable may be left
 * over from AWS's client, and ordinary Lambda sets no concurrency.
 */
function asksForOneThread({ options, env }: RawConfig): boolean {
  if (options.threads !== undefined) return options.threads === 1;
  return env.AWS_LAMBDA_NODEJS_WORKER_COUNT === 1 && env.AWS_LAMBDA_MAX_CONCURRENCY === 1;
}

/** Divides 80 % of the function's memory among the threads; the rest is for the main thread, Buffers and native memory. */
export function heapShare(memoryMiB: number | undefined, { threads }: ConcurrencyPlan): ResourceLimits {
  if (memoryMiB === undefined) return {};
  return { maxOldGenerationSizeMb: Math.max(64, Math.floor((memoryMiB * 0.8) / threads)) };
}

/** The file descriptors of this process. */
export interface Descriptors {
  /** The soft limit, as `ulimit -n` reports it. */
  readonly limit: number;
  /** Descriptors that were not in use at the time of the check. */
  readonly free: number;
}

/** Undefined if the system provides no limit. */
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
 * Reduces slots and threads to the number that the free file descriptors allow, at least one slot. A slot without a
 * descriptor cannot poll, and a missing descriptor for an answer would be noticed only after the handler has run.
 *
 * @param perSlot descriptors that one slot needs.
 */
export function fitDescriptors(
  plan: ConcurrencyPlan,
  descriptors: Descriptors | undefined,
  perSlot: number,
): ConcurrencyPlan {
  const { invocationsPerThread } = plan;
  const available = (descriptors?.free ?? Infinity) - RESERVED;
  const threadsFor = (slots: number) => Math.ceil(slots / invocationsPerThread);
  let { slots } = plan;
  while (slots > 1 && threadsFor(slots) * PER_THREAD + slots * perSlot > available) slots -= 1;
  return slots === plan.slots ? plan : { ...plan, slots, threads: threadsFor(slots) };
}

/**
 * The number of descriptors that a slot needs: one for its connection and another one while it streams a response. In local
 * mode this process also holds the server's ends of these connections and the connection of the caller.
 */
export function descriptorsPerSlot(isLocal: boolean, streams: boolean): number {
  const connections = streams ? 2 : 1;
  return isLocal ? 2 * connections + 1 : connections;
}

/**
 * Descriptors for the connection of the extension, the log and, at the start, module files. Half of them are left for
 * handlers.
 */
const RESERVED = 32;

/** Descriptors of a thread's event loop, measured on Node.js 22, 24 and 26. */
const PER_THREAD = 5;
