import { constants } from 'node:os';
import { exit } from '../builtins.ts';
import { localConcurrency } from '../config/concurrency-plan.ts';
import { createRuntime } from '../managed-runtime.ts';
import { postInitErrorSync } from '../runtime-api/init-error-sync.ts';
import { applyFlags } from './flags.ts';
import type { Flags } from './flags.ts';
import { exposeHandler } from './handler-variables.ts';

/**
 * `lambda-managed-runtime [handler]`: serves until Lambda ends the environment or Ctrl-C ends the local server. `_HANDLER`
 * takes precedence over the argument, because instrumentation sets it to a handler that wraps the user's.
 */
export async function serveHandler(handlerString: string | undefined, flags: Flags): Promise<void> {
  await endProcessAfter(async () => {
    try {
      applyFlags(flags);
    } catch (error) {
      // An --env-file could not be read.
      reportInvalidUsage((error as Error).message);
      throw error;
    }
    growThreadpool();
    exposeHandler(handlerString);
    const { logInvocations } = flags;
    // As an option too: without a concurrency, the variable alone does not ask for a thread.
    const threads = flags.threads === undefined ? undefined : Number(flags.threads);
    await createRuntime({ kind: 'handler-string' }, { logInvocations, threads }).run();
  });
}

/** Posts an init error, so that Lambda reports why the command cannot start. */
export function reportInvalidUsage(message: string): void {
  postInitErrorSync(process.env['AWS_LAMBDA_RUNTIME_API'], 'Runtime.ConfigInvalid', message);
}

/** Ends the process when `act` settles: with exit code 0, or with 1 and the error's message on stderr. */
export async function endProcessAfter(act: () => Promise<void>): Promise<never> {
  try {
    await act();
    exit(0);
  } catch (error) {
    process.stderr.write(`lambda-managed-runtime: ${(error as Error).message}\n`);
    exit(1);
  }
}

/** Sets `UV_THREADPOOL_SIZE` for this process, unless the user has set it. See {@link threadpoolSize}. */
export function growThreadpool(): void {
  process.env['UV_THREADPOOL_SIZE'] ??= threadpoolSize(
    Number(process.env['AWS_LAMBDA_MAX_CONCURRENCY']) ||
      (process.env['AWS_LAMBDA_RUNTIME_API'] ? 1 : localConcurrency()),
  );
}

/**
 * Returns the size of libuv's thread pool for a number of slots. All threads share that pool for file access and
 * asynchronous crypto. Its default of 4 threads is too few, and it can only be changed before its first use.
 */
export function threadpoolSize(slots: number): string {
  return String(Math.min(Math.max(slots, 4), 64));
}

/** Exits on stop signals through `process.exit()`, so that exit listeners can end child processes. */
export function exitOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
}
