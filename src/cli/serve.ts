import { constants } from 'node:os';
import { exit } from '../builtins.ts';
import { createRuntime } from '../managed-runtime.ts';
import { postInitErrorNow } from '../runtime-api/init-error-now.ts';
import { applyFlags } from './flags.ts';
import type { Flags } from './flags.ts';

/** `lambda-managed-runtime [handler]`: serves until Lambda ends the environment, or Ctrl-C the local server. */
export async function serveHandler(handlerString: string | undefined, flags: Flags): Promise<void> {
  await endProcessAfter(async () => {
    try {
      applyFlags(flags);
    } catch (error) {
      // A file of environment variables that cannot be read.
      tellOfMisuse((error as Error).message);
      throw error;
    }
    growThreadpool();
    const { logInvocations } = flags;
    await createRuntime({ kind: 'handler-string', handlerString }, { logInvocations }).run();
  });
}

/** Lambda should hear why its command cannot start. */
export function tellOfMisuse(message: string): void {
  postInitErrorNow(process.env['AWS_LAMBDA_RUNTIME_API'], 'Runtime.ConfigInvalid', message);
}

/** Ends the process when what it does has ended, with 1 and the reason if that failed. */
export async function endProcessAfter(act: () => Promise<void>): Promise<never> {
  try {
    await act();
    exit(0);
  } catch (error) {
    process.stderr.write(`lambda-managed-runtime: ${(error as Error).message}\n`);
    exit(1);
  }
}

/** See {@link threadpoolSize}. */
export function growThreadpool(): void {
  process.env['UV_THREADPOOL_SIZE'] ??= threadpoolSize(
    Number(process.env['AWS_LAMBDA_MAX_CONCURRENCY']) || 1,
  );
}

/**
 * libuv's pool, where file access and asynchronous crypto run, is shared by all threads and has four. It can be made
 * larger only before its first use.
 */
export function threadpoolSize(slots: number): string {
  return String(Math.min(Math.max(slots, 4), 64));
}

/** Ends this process by its ordinary way when it is told to end, so that its children are taken along. */
export function exitOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
}
