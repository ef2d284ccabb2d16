import { Promise } from '../src/builtins.ts';
import { realmGlobal } from '../src/realm-global.ts';
import { settlesWithin } from '../src/waiting.ts';

/** A function to call before the thread ends, for example to close a connection. It may return a promise. */
export type ShutdownHook = () => unknown;

/**
 * Registers a hook that the thread calls at shutdown and before it is recycled. Hooks run concurrently when the invocations in
 * flight have ended, within their share of `shutdownTimeoutMs`. They do not run when a thread crashes or is terminated. An error
 * in a hook is logged and does not affect other hooks.
 *
 * @param hook The function to call.
 *
 * @example
 * ```ts
 * import { onShutdown } from 'lambda-managed-runtime/worker';
 *
 * const database = await connect();
 * onShutdown(() => database.end());
 * ```
 */
export function onShutdown(hook: ShutdownHook): void {
  hooks.push(hook);
}

const hooks = (realmGlobal<ShutdownHook[]>('shutdown-hooks').value ??= []);

/** Runs the hooks concurrently for at most `timeoutMs`. An error in one hook does not affect the others. */
export async function runShutdownHooks(timeoutMs: number): Promise<void> {
  if (hooks.length === 0) return;
  const all = Promise.allSettled(
    hooks.splice(0).map(async (hook) => {
      try {
        await hook();
      } catch (error) {
        console.error('A shutdown hook failed:', error);
      }
    }),
  );
  if (!(await settlesWithin(all, timeoutMs)))
    console.warn(
      `A shutdown hook took longer than ${Math.round(timeoutMs)} ms; the thread no longer waits for it`,
    );
}
