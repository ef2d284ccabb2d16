/**
 * The reason why the runtime itself failed. Errors of handlers have no code here, because callers receive them.
 *
 * - `CONFIG_INVALID`: an option or environment variable is invalid; the message lists all errors.
 * - `ALREADY_RUNNING`: another runtime is running in this process.
 * - `ALREADY_STOPPED`: `run()` was called again on a runtime that has ended.
 * - `INIT_FAILED`: the handler or a module of the options could not be loaded; `/init/error` has been posted.
 * - `RUNTIME_API_UNREACHABLE`: the Runtime API did not respond for about 15 minutes, or its response to the registration as
 *   an extension was lost.
 * - `NO_THREADS`: no worker thread could be started for `threadRecoveryTimeoutMs`.
 * - `DEADLINE_EXCEEDED`: an invocation missed its deadline and `onDeadline` is `'exit'`.
 * - `LOCAL_SERVER_FAILED`: in local mode, the server could not start, for example because its port is in use.
 * - `HANDLER_CRASHED`: in single mode, the handler's code called `process.exit`, or threw an uncaught error for which it has no
 *   listener, so the state of the process is unknown.
 * - `PROFILING_UNAVAILABLE`: a profile or a heap snapshot cannot be taken, because the runtime is not running, the thread does not
 *   exist or has ended, or this version of Node.js cannot. `run()` never rejects with it.
 */
export type ManagedRuntimeErrorCode =
  | 'CONFIG_INVALID'
  | 'ALREADY_RUNNING'
  | 'ALREADY_STOPPED'
  | 'INIT_FAILED'
  | 'RUNTIME_API_UNREACHABLE'
  | 'NO_THREADS'
  | 'DEADLINE_EXCEEDED'
  | 'LOCAL_SERVER_FAILED'
  | 'HANDLER_CRASHED'
  | 'PROFILING_UNAVAILABLE';

/**
 * The error that `createManagedRuntime` throws and that `run()` rejects with. `code` identifies the case; `cause` is the
 * underlying error, if there is one.
 *
 * @example
 * ```ts
 * import { createManagedRuntime, ManagedRuntimeError } from 'lambda-managed-runtime';
 *
 * try {
 *   await createManagedRuntime('handler.js').run();
 * } catch (error) {
 *   if (error instanceof ManagedRuntimeError && error.code === 'CONFIG_INVALID') console.error(error.message);
 *   process.exitCode = 1;
 * }
 * ```
 */
export class ManagedRuntimeError extends Error {
  /** Always `ManagedRuntimeError`. */
  override readonly name = 'ManagedRuntimeError';
  /** The reason of the failure. */
  readonly code: ManagedRuntimeErrorCode;

  /** Used by the runtime itself. */
  constructor(code: ManagedRuntimeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
