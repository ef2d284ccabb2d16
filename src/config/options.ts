import type { ResourceLimits } from 'node:worker_threads';
import type { Logger } from 'pino';
import * as v from 'valibot';
import { MAX_CONCURRENCY, runtimeApiAddress } from './environment.ts';
import { LONGEST_TIMER_MS } from '../invocation/time.ts';

/**
 * What happens to a thread whose invocation is past its deadline and the grace. Its caller is answered in any case.
 *
 * - `terminate`: the thread is ended and replaced. With `invocationsPerThread` over 1 only where its event loop no longer
 *   turns; else the invocation is left to itself, and its room is given to others. In single mode, too.
 * - `keep`: the handler goes on, and its slot does not poll until it has ended.
 * - `exit`: `run()` rejects with `DEADLINE_EXCEEDED`, so that Lambda replaces the environment.
 */
export type OnDeadline = 'terminate' | 'keep' | 'exit';

/**
 * Options of `createManagedRuntime`. What is left out, or undefined, comes from the environment, then from the defaults. An
 * option that is not valid, or that nobody knows, is a `CONFIG_INVALID`. Modules are named by a path, a `file:` URL or a `URL`.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-nodejs-runtime.html
 */
export interface ManagedRuntimeOptions {
  /** The export to call, dots for nested ones. Default: `handler`, else the default export. */
  readonly handler?: string | undefined;
  /** Path or `file:` URL of a module that exports `decode(bytes)` and `encode(result)`. Default: JSON. */
  readonly codec?: string | URL | undefined;
  /** Invocations at once, 1 to 1600. Default: `AWS_LAMBDA_MAX_CONCURRENCY`, else 1. 1 runs the handler in-process. */
  readonly concurrency?: number | undefined;
  /** Most worker threads. Default: `AWS_LAMBDA_NODEJS_WORKER_COUNT`, else one for each slot. */
  readonly threads?: number | undefined;
  /** Invocations at once on one thread. Default 1, or concurrency ÷ threads if only the worker count is set. */
  readonly invocationsPerThread?: number | undefined;
  /** Stops the runtime when aborted, as `stop()` does. */
  readonly signal?: AbortSignal | undefined;
  /** `host:port` of the Runtime API. Default: `AWS_LAMBDA_RUNTIME_API`; without either, a local server is started. */
  readonly runtimeApi?: string | undefined;
  /** A pino logger for the runtime's own lines. Default: JSON lines on stdout, level `AWS_LAMBDA_LOG_LEVEL`. */
  readonly logger?: Logger | undefined;
  /**
   * How long a line waits for an output from which nobody reads, in ms; then lines are dropped and counted until
   * somebody reads again. Default 5,000.
   */
  readonly outputTimeoutMs?: number | undefined;
  /** Write a line at the end of each invocation: how it ended, how long it took, where. Default true. */
  readonly logInvocations?: boolean | undefined;
  /** How long before the deadline `context.signal` aborts, in ms. Default 0. */
  readonly deadlineMarginMs?: number | undefined;
  /** How long a handler may take to settle after `context.signal` has aborted, in ms. Default 500. */
  readonly deadlineGraceMs?: number | undefined;
  /** What becomes of a thread past the deadline and the grace. Default `terminate`. */
  readonly onDeadline?: OnDeadline | undefined;
  /** How long the handler's module may take to load, in ms. Default 130,000, which is Lambda's least limit. */
  readonly initTimeoutMs?: number | undefined;
  /** How long the runtime goes on without a single working thread before it gives up, in ms. Default 30,000. */
  readonly threadRecoveryTimeoutMs?: number | undefined;
  /**
   * How long a shutdown may take, in ms: half of it for invocations in flight, the rest for answers, hooks and log. Default 500:
   * Lambda kills after 600.
   */
  readonly shutdownTimeoutMs?: number | undefined;
  /** Register as an internal extension, so that Lambda announces the shutdown. Default true. */
  readonly registerExtension?: boolean | undefined;
  /**
   * Heap limits of each thread, in MiB. Default for `maxOldGenerationSizeMb`: 80 % of the function's memory shared out
   * to the threads. A thread over it ends with `Runtime.OutOfMemory`.
   */
  readonly resourceLimits?: ResourceLimits | undefined;
  /** Replace a thread after about that many invocations. Default: never. */
  readonly maxInvocationsPerThread?: number | undefined;
  /** Replace a thread whose heap is larger than that after an invocation, in MiB. Default: never. */
  readonly maxThreadHeapMb?: number | undefined;
  /** Modules that the main thread imports before any thread starts, for native addons that need it. */
  readonly preload?: readonly (string | URL)[] | undefined;
  /** Path or `file:` URL of a module that the main thread loads once; handlers call its exports: `useServices`. */
  readonly services?: string | URL | undefined;
  /** Path or `file:` URL of a module that the main thread loads once; all threads see its data: `useSharedData`. */
  readonly sharedData?: string | URL | undefined;
  /** Called on the main thread when the invocations in flight have finished and the threads' hooks have run. */
  readonly onShutdown?: (() => unknown) | undefined;
}

const count = (most: number) => {
  const message = `must be a whole number from 1 to ${most}`;
  return v.pipe(v.number(message), v.integer(message), v.minValue(1, message), v.maxValue(most, message));
};

const milliseconds = v.pipe(
  v.number('must be a number of milliseconds'),
  v.minValue(0, 'must be a number of milliseconds, 0 or more'),
  v.maxValue(LONGEST_TIMER_MS, `must be a number of milliseconds, at most ${LONGEST_TIMER_MS}`),
);

const megabytes = v.pipe(
  v.number('must be a number of MiB'),
  v.minValue(1, 'must be a number of MiB, 1 or more'),
);

const text = v.pipe(v.string('must be a string'), v.nonEmpty('must not be empty'));

const moduleReference = v.union([text, v.instance(URL)], 'must be a path, a file: URL or a URL object');

const action = v.custom<() => unknown>((input) => typeof input === 'function', 'must be a function');

export const optionsSchema = v.strictObject(
  {
    handler: v.optional(text),
    codec: v.optional(moduleReference),
    concurrency: v.optional(count(MAX_CONCURRENCY)),
    threads: v.optional(count(MAX_CONCURRENCY)),
    invocationsPerThread: v.optional(count(MAX_CONCURRENCY)),
    signal: v.optional(v.instance(AbortSignal, 'must be an AbortSignal')),
    runtimeApi: v.optional(runtimeApiAddress),
    logger: v.optional(v.custom<Logger>(isLogger, 'must be a pino logger')),
    outputTimeoutMs: v.optional(milliseconds),
    logInvocations: v.optional(v.boolean('must be true or false')),
    deadlineMarginMs: v.optional(milliseconds),
    deadlineGraceMs: v.optional(milliseconds),
    onDeadline: v.optional(
      v.picklist(['terminate', 'keep', 'exit'], "must be 'terminate', 'keep' or 'exit'"),
    ),
    initTimeoutMs: v.optional(milliseconds),
    threadRecoveryTimeoutMs: v.optional(milliseconds),
    shutdownTimeoutMs: v.optional(milliseconds),
    registerExtension: v.optional(v.boolean('must be true or false')),
    resourceLimits: v.optional(
      v.strictObject(
        {
          maxOldGenerationSizeMb: v.optional(megabytes),
          maxYoungGenerationSizeMb: v.optional(megabytes),
          codeRangeSizeMb: v.optional(megabytes),
          stackSizeMb: v.optional(megabytes),
        },
        unknownKey,
      ),
    ),
    maxInvocationsPerThread: v.optional(count(Number.MAX_SAFE_INTEGER)),
    maxThreadHeapMb: v.optional(megabytes),
    preload: v.optional(v.array(moduleReference, 'must be an array of modules')),
    services: v.optional(moduleReference),
    sharedData: v.optional(moduleReference),
    onShutdown: v.optional(action),
  },
  unknownKey,
);

function unknownKey(issue: v.StrictObjectIssue): string {
  return `is not known (${issue.expected} was expected)`;
}

function isLogger(input: unknown): boolean {
  const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'child'];
  return (
    typeof input === 'object' &&
    input !== null &&
    levels.every((level) => typeof (input as Record<string, unknown>)[level] === 'function')
  );
}
