import { Promise } from '../src/builtins.ts';
import { globalSlot } from '../src/global-slot.ts';
import { settlesWithin } from '../src/waiting.ts';

/** Something to do before the thread ends, such as closing a connection. A promise that it returns is waited for. */
export type ShutdownHook = () => unknown;

/**
 * Declares what to do at shutdown, in each thread that loads the module, and before a thread is recycled. Hooks run when
 * the invocations in flight have ended, all at once, within their share of `shutdownTimeoutMs`. They do not run when a thread
 * crashes or is terminated. One that throws is logged, and keeps none of the others.
 *
 * @param hook What to do.
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

const hooks = (globalSlot<ShutdownHook[]>('shutdown-hooks').value ??= []);

/** Runs the hooks, for that many ms at most. A hook that throws does not stop the others. */
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
    console.warn(`A shutdown hook took longer than ${Math.round(timeoutMs)} ms and is not waited for`);
}
