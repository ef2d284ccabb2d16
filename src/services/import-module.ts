import { clearTimeout, Promise, setTimeout } from '../builtins.ts';
import { importFault } from '../invocation/import-error.ts';
import { SharingError } from './sharing-error.ts';
import type { SharingOption } from './sharing-error.ts';

/** Imports a module of the user's into the main thread. Rejects with a {@link SharingError}, at the latest in that time. */
export async function importModule(
  option: SharingOption,
  url: string,
  timeoutMs: number,
): Promise<Readonly<Record<string, unknown>>> {
  const module = `The module ${url} (option ${option})`;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`it took more than ${timeoutMs} ms (initTimeoutMs)`)),
    timeoutMs,
  );
  try {
    return (await Promise.race([import(url), late.promise])) as Record<string, unknown>;
  } catch (cause) {
    const fault = await importFault(cause, url, process.cwd());
    const reason = fault?.message ?? (cause instanceof Error ? cause.message : String(cause));
    throw new SharingError(option, `${module} could not be loaded: ${reason}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}
