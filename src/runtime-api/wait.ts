import { setTimeout } from 'node:timers/promises';

/** Waits that many ms, or less if the signal aborts; says whether the time has passed. */
export async function wait(ms: number, signal?: AbortSignal): Promise<boolean> {
  return setTimeout(ms, true, signal === undefined ? {} : { signal }).catch(() => false);
}
