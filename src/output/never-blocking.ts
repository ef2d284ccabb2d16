import { constants, fstatSync, openSync } from 'node:fs';

/**
 * A descriptor that leads where the given one does, and to which a write never waits for room; undefined where there
 * is no such thing.
 *
 * A pipe or a terminal is opened once more: the flag that says so belongs to who has opened it, and the other descriptor may be in use
 * by other processes.
 */
export function openNeverBlocking(fd: number): number | undefined {
  try {
    const output = fstatSync(fd);
    if (output.isFile()) return fd;
    const canBeOpened = output.isFIFO() || output.isCharacterDevice();
    return canBeOpened ? openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY) : undefined;
  } catch {
    // No such system, not ours to open, or nobody reads.
    return undefined;
  }
}

const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
