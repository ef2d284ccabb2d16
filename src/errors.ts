/**
 * Why the runtime itself failed. Handler errors never become one of these: they are answered to the caller.
 *
 * - `CONFIG_INVALID`: an option or environment variable is wrong; the message lists all faults.
 * - `ALREADY_RUNNING`: another runtime is running in this process.
 * - `ALREADY_STOPPED`: `run()` was called again on a runtime that has ended.
 * - `INIT_FAILED`: the handler, or a module of the options, could not be loaded; `/init/error` has been posted.
 * - `RUNTIME_API_UNREACHABLE`: the Runtime API did not answer for about 15 minutes, or its answer to the registration as
 *   an extension was lost.
 * - `NO_THREADS`: no worker thread could be brought up for `threadRecoveryTimeoutMs`.
 * - `DEADLINE_EXCEEDED`: an invocation missed its deadline and `onDeadline` is `'exit'`.
 * - `LOCAL_SERVER_FAILED`: without a Runtime API, the local server could not start; its port is taken, for example.
 * - `HANDLER_CRASHED`: in single mode, the handler's code called `process.exit`, or an uncaught error that no listener has
 *   handled left the process in an unknown state.
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
  | 'HANDLER_CRASHED';

/**
 * Thrown by `createManagedRuntime` and what `run()` rejects with. Tell cases apart by `code`; `cause` is what lies behind
 * it, where something does.
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
  /** The same for all cases. */
  override readonly name = 'ManagedRuntimeError';
  /** Which case it is. */
  readonly code: ManagedRuntimeErrorCode;

  /** For the runtime itself. */
  constructor(code: ManagedRuntimeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
