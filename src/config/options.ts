import type { ResourceLimits } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { TerminalStyle } from '../thread-settings.ts';

/**
 * What happens to a thread when one of its invocations exceeds its deadline and the grace period. The caller gets the error
 * `Runtime.DeadlineExceeded` in each case.
 *
 * - `terminate`: the thread is replaced, and terminated if its event loop is blocked. If it is not blocked, its other
 *   invocations may finish. In single mode, the runtime no longer waits for the handler and takes the next event.
 * - `keep`: the handler continues, and its slot does not poll until it has settled.
 * - `exit`: `run()` rejects with `DEADLINE_EXCEEDED`, so that Lambda replaces the environment.
 */
export type OnDeadline = 'terminate' | 'keep' | 'exit';

/**
 * For which invocations the runtime logs a line at their end.
 *
 * - `failures`: every invocation that is not a plain success: it failed, its answer was not delivered as it was, its background
 *   work failed, or it took more than 80 % of the time until its deadline.
 * - `all`: every invocation.
 * - `none`: no invocation. Thrown errors and lost threads are logged all the same, in lines of their own.
 */
export type LogInvocations = 'failures' | 'all' | 'none';

/**
 * Options of `createManagedRuntime`. Options that are omitted or undefined are read from the environment, then take their
 * defaults. Unknown or invalid options throw `CONFIG_INVALID`. Module options take a path, a `file:` URL or a `URL`.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-nodejs-runtime.html
 *
 * @example
 * ```ts
 * import type { ManagedRuntimeOptions } from 'lambda-managed-runtime';
 *
 * const options: ManagedRuntimeOptions = { concurrency: 16, deadlineMarginMs: 200, onDeadline: 'exit' };
 * ```
 */
export interface ManagedRuntimeOptions {
  /** The export to call, with dots for nested exports. Default: `handler`, else the default export. */
  readonly handler?: string | undefined;
  /** Path or `file:` URL of a module that exports `decode(bytes)` and `encode(result)`. Default: JSON. */
  readonly codec?: string | URL | undefined;
  /**
   * Number of concurrent invocations, 1 to 1600. With 1, the handler runs on the main thread (single mode), unless `threads`
   * is 1. Default: `AWS_LAMBDA_MAX_CONCURRENCY`, else 1; in local mode the number of cores, at least 2, unless the number of
   * threads is set.
   */
  readonly concurrency?: number | undefined;
  /**
   * Maximum number of worker threads. With a concurrency of 1, the value 1 runs the handler in one worker thread, which the
   * runtime can terminate and replace, instead of on the main thread; `AWS_LAMBDA_NODEJS_WORKER_COUNT` does so only if
   * `AWS_LAMBDA_MAX_CONCURRENCY` is set to 1 as well. Default: `AWS_LAMBDA_NODEJS_WORKER_COUNT`, else one for each slot.
   */
  readonly threads?: number | undefined;
  /**
   * Number of concurrent invocations on one thread. Default 1, or concurrency ÷ threads if
   * `AWS_LAMBDA_NODEJS_WORKER_COUNT` or `threads` is set.
   */
  readonly invocationsPerThread?: number | undefined;
  /** Stops the runtime when aborted, as `stop()` does. */
  readonly signal?: AbortSignal | undefined;
  /** `host:port` of the Runtime API. Default: `AWS_LAMBDA_RUNTIME_API`; without either, a local server is started. */
  readonly runtimeApi?: string | undefined;
  /** A pino logger for the runtime's own lines. Default: JSON lines on stdout, level `AWS_LAMBDA_LOG_LEVEL`. */
  readonly logger?: Logger | undefined;
  /**
   * How long a log line waits when the output is blocked, in ms. After that, lines are dropped and counted until the output
   * accepts lines again. Default 5,000.
   */
  readonly outputTimeoutMs?: number | undefined;
  /**
   * For which invocations to log a line at their end, with outcome, times, sizes and thread: `failures`, `all` (or `true`) or
   * `none` (or `false`). `all` costs about a fifth of the CPU time of a no-op. Default `failures`.
   */
  readonly logInvocations?: LogInvocations | boolean | undefined;
  /**
   * How long before the deadline `context.signal` aborts, in ms. Default: a tenth of the time that the invocation has, at
   * most 1,000.
   */
  readonly deadlineMarginMs?: number | undefined;
  /**
   * How long a handler may take to settle after `context.signal` has aborted, in ms. Then the runtime answers the caller with
   * `Runtime.DeadlineExceeded`. Default: until 50 ms or 1 % of the invocation's time before the deadline, whichever is
   * later. If `deadlineMarginMs` leaves no time for that, the default is 500.
   */
  readonly deadlineGraceMs?: number | undefined;
  /** What happens to a thread when an invocation exceeds its deadline and the grace period. Default `terminate`. */
  readonly onDeadline?: OnDeadline | undefined;
  /** How long the handler's module, and each of `preload`, `services` and `sharedData`, may take to load, in ms. Default 130,000, Lambda's minimum init timeout. */
  readonly initTimeoutMs?: number | undefined;
  /** How long the runtime continues without a ready thread before `run()` rejects with `NO_THREADS`, in ms. Default 30,000. */
  readonly threadRecoveryTimeoutMs?: number | undefined;
  /**
   * How long a shutdown may take, in ms. About half of the time is for invocations in flight, the rest for answers, hooks and
   * the log. Default 500, because Lambda sends SIGKILL 600 ms after SIGTERM.
   */
  readonly shutdownTimeoutMs?: number | undefined;
  /** Whether to register as an internal extension, so that Lambda sends SIGTERM before a shutdown. Default true. */
  readonly registerExtension?: boolean | undefined;
  /**
   * Heap limits of each thread, in MiB. A thread whose heap is certainly over its limit is terminated, and its invocations fail with
   * `Runtime.OutOfMemory`. Default for `maxOldGenerationSizeMb`: 80 % of the function's memory, divided among the threads.
   */
  readonly resourceLimits?: ResourceLimits | undefined;
  /** Replace a thread after approximately this number of invocations. Default: never. */
  readonly maxInvocationsPerThread?: number | undefined;
  /** Replace a thread if its heap exceeds this size after an invocation, in MiB. Default: never. */
  readonly maxThreadHeapMb?: number | undefined;
  /** Modules to import on the main thread before the threads start, for native addons that require it. */
  readonly preload?: readonly (string | URL)[] | undefined;
  /**
   * Path or `file:` URL of a module that the main thread loads once. Handlers call its exports through `useServices`.
   */
  readonly services?: string | URL | undefined;
  /** Path or `file:` URL of a module that the main thread loads once. Handlers read its data through `useSharedData`. */
  readonly sharedData?: string | URL | undefined;
  /** Called on the main thread at shutdown, after the invocations in flight and the threads' hooks have completed. */
  readonly onShutdown?: (() => unknown) | undefined;
}

/** The handler before it is resolved: a worker file, or the handler string in `_HANDLER`. */
export type HandlerReference =
  { readonly kind: 'file'; readonly workerFile: string | URL } | { readonly kind: 'handler-string' };

/** Set by the command `dev`, which runs handlers in threads at any concurrency because threads can be replaced. */
export interface DevHooks {
  /** How log lines look if people read them on a terminal. */
  readonly terminal: TerminalStyle | undefined;
  /**
   * Called when the first thread is ready.
   *
   * @param reload replaces all threads with threads that load the current code. Resolves when only the new threads get
   *   invocations. Rejects if the code cannot be loaded; the old threads then continue to serve.
   */
  onServing(reload: () => Promise<void>): void;
}
