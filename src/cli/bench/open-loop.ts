import { setTimeout } from 'node:timers/promises';
import type { Invoke } from './closed-loop.ts';
import { seededRandom } from './seeded-random.ts';
import { Tally } from './tally.ts';

/**
 * Sends events at random times, so many a second, whether or not those before have been answered. Latencies count from
 * the instant when an event was due. Resolves when the last one is answered.
 */
export async function atRate(perSecond: number, seconds: number, invoke: Invoke): Promise<Tally> {
  const random = seededRandom(SEED);
  const tally = new Tally();
  const answered: Promise<void>[] = [];
  const startMs = performance.now();
  for (let dueMs = startMs; ;) {
    dueMs += (-Math.log(1 - random()) / perSecond) * 1000;
    // At least one: there is nothing to tell of none.
    if (dueMs > startMs + seconds * 1000 && answered.length > 0) break;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await setTimeout(waitMs);
    answered.push(invoke().then((failure) => tally.add(performance.now() - dueMs, failure)));
  }
  await Promise.all(answered);
  return tally;
}

/** The same arrivals for each setup. */
const SEED = 4_711;
