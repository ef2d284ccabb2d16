import { clearTimeout, Promise, setTimeout } from '../src/builtins.ts';

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

/** A copy of this module that a bundler made shares the list. */
const KEY = Symbol.for('lambda-managed-runtime.shutdown-hooks');
const registry = globalThis as { [KEY]?: ShutdownHook[] };
const hooks = (registry[KEY] ??= []);

/** Runs the hooks, for that many ms at most. A hook that throws does not stop the others. */
export async function runShutdownHooks(timeoutMs: number): Promise<void> {
  if (hooks.length === 0) return;
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(() => {
    console.warn(`A shutdown hook took longer than ${Math.round(timeoutMs)} ms and is not waited for`);
    resolve();
  }, timeoutMs);
  const all = Promise.allSettled(
    hooks.splice(0).map(async (hook) => {
      try {
        await hook();
      } catch (error) {
        console.error('A shutdown hook failed:', error);
      }
    }),
  );
  await Promise.race([all, late]);
  clearTimeout(timer);
}
