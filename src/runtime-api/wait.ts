import { sleep } from '../builtins.ts';

/** Waits that many ms, or less if the signal aborts; says whether the time has passed. */
export async function wait(ms: number, signal?: AbortSignal): Promise<boolean> {
  return sleep(ms, true, signal === undefined ? {} : { signal }).catch(() => false);
}
