import type { ClosedLoop } from './closed-loop.ts';
import type { Tally } from './tally.ts';

/**
 * Lets a loop run until the throughput of three successive windows agrees within a tenth, so that code is compiled and
 * caches are filled; resolves with false when that does not happen in time.
 *
 * @param pause resolves after so many ms, and looks at what has been answered.
 */
export async function warmUp(
  loop: ClosedLoop,
  callers: number,
  seconds: number,
  pause: (ms: number, tally: Tally) => Promise<void>,
): Promise<boolean> {
  const windows: number[] = [];
  const endMs = performance.now() + seconds * MOST_LONGER * 1000;
  const windowMs = (seconds * 1000) / WINDOWS_PER_MEASUREMENT;
  while (performance.now() < endMs) {
    const tally = loop.nextTally();
    const windowEndMs = performance.now() + windowMs;
    do await pause(Math.min(STEP_MS, windowMs), tally);
    while (performance.now() < windowEndMs || (tally.count < callers * 2 && performance.now() < endMs));
    windows.push(tally.throughput(callers).perSecond);
    if (agree(windows.slice(-COMPARED))) return true;
  }
  return false;
}

function agree(windows: readonly number[]): boolean {
  return windows.length === COMPARED && Math.min(...windows) >= Math.max(...windows) * (1 - WITHIN);
}

const COMPARED = 3;
const WITHIN = 0.1;
const WINDOWS_PER_MEASUREMENT = 6;
const MOST_LONGER = 4;
const STEP_MS = 50;
