import { Promise, clearTimeout, setTimeout } from '../builtins.ts';
import { importFault } from '../invocation/import-error.ts';

/** Imports a module of the user's into the main thread. Rejects with a {@link SharingError}, at the latest in that time. */
export async function importUserModule(
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

/** The option whose module is at fault. */
type SharingOption = 'services' | 'sharedData';

/** What a module shares with the threads could not be made ready. Its name is what Lambda sees as `errorType`. */
export class SharingError extends Error {
  constructor(option: SharingOption, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = option === 'services' ? 'Runtime.ServicesError' : 'Runtime.SharedDataError';
  }
}
