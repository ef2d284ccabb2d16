import { createRuntime } from '../managed-runtime.ts';
import type { ManagedRuntimeOptions } from '../settings.ts';

/** `lambda-managed-runtime [handler]`: serves until Lambda ends the environment. */
export async function serveHandler(
  handlerString: string | undefined,
  { logInvocations }: Pick<ManagedRuntimeOptions, 'logInvocations'>,
): Promise<void> {
  growThreadpool();
  try {
    await createRuntime({ kind: 'handler-string', handlerString }, { logInvocations }).run();
    process.exit(0);
  } catch (error) {
    process.stderr.write(`lambda-managed-runtime: ${(error as Error).message}\n`);
    process.exit(1);
  }
}

/**
 * libuv's pool, where file access and asynchronous crypto run, is shared by all threads and has four. It can be made
 * larger only before its first use.
 */
function growThreadpool(): void {
  const slots = Number(process.env['AWS_LAMBDA_MAX_CONCURRENCY']) || 1;
  process.env['UV_THREADPOOL_SIZE'] ??= String(Math.min(Math.max(slots, 4), 64));
}
