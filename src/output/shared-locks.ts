import { fstatSync } from 'node:fs';
import type { OutputLocks } from '../thread-settings.ts';
import { OutputLock } from './output-lock.ts';

/** Makes what the writers of all outputs share. */
export function shareLocks(): OutputLocks {
  const stdout = OutputLock.share();
  return { stdout, stderr: areSame(1, 2) ? stdout : OutputLock.share(), frames: OutputLock.share() };
}

/** Does a writer wait in vain, or has the last one? */
export function isAnyStuck(locks: OutputLocks): boolean {
  return Object.values(locks).some((shared: SharedArrayBuffer) => new OutputLock(shared, 0).stuck);
}

/** Gives back what a dead thread holds. */
export function releaseLocks(locks: OutputLocks, writer: number): void {
  for (const shared of Object.values(locks) as SharedArrayBuffer[]) OutputLock.releaseFor(shared, writer);
}

/** Do both lead to the same pipe, socket or file? */
function areSame(one: number, other: number): boolean {
  try {
    const [a, b] = [fstatSync(one, { bigint: true }), fstatSync(other, { bigint: true })];
    return a.dev === b.dev && a.ino === b.ino;
  } catch {
    // One of them is closed.
    return false;
  }
}
