import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ThreadCapacity } from '../../src/pool/thread-capacity.ts';

type Step = 'reserve' | 'release' | 'join' | 'leave';
const steps = fc.array(fc.constantFrom<Step>('reserve', 'release', 'join', 'leave'), { maxLength: 60 });

/** Performs those steps that are possible, as a pool would. */
async function play(threads: ThreadCapacity, list: readonly Step[]) {
  let capacity = 0;
  let asked = 0;
  let held = 0;
  const granted: number[] = [];
  const refused: number[] = [];
  for (const step of list) {
    if (step === 'reserve') {
      const number = (asked += 1);
      void threads.reserve().then((isGranted) => {
        if (isGranted) held += 1;
        (isGranted ? granted : refused).push(number);
      });
    } else if (step === 'release' && held > 0) {
      held -= 1;
      threads.release();
    } else if (step === 'join') {
      capacity += 1;
      threads.resize(1);
    } else if (step === 'leave' && capacity > 0) {
      capacity -= 1;
      threads.resize(-1);
    }
    const before = granted.length;
    await Promise.resolve();
    await Promise.resolve();
    if (granted.length > before) expect(held).toBeLessThanOrEqual(capacity);
  }
  return { capacity, asked, held, granted, refused };
}

it('capacity is granted in the order of the requests, and never more than there is', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const { capacity, asked, held, granted, refused } = await play(new ThreadCapacity(), list);
      expect(granted).toEqual(Array.from(granted, (_, index) => index + 1));
      expect(refused).toEqual([]);
      // No request waits while there is capacity.
      if (granted.length < asked) expect(held).toBeGreaterThanOrEqual(capacity);
    }),
  );
});

it('closing the capacity refuses the waiting requests in order, and all later requests', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const threads = new ThreadCapacity();
      const played = await play(threads, list);
      threads.close();
      await Promise.resolve();
      await Promise.resolve();
      expect([...played.granted, ...played.refused]).toEqual(
        Array.from({ length: played.asked }, (_, index) => index + 1),
      );
      expect(await threads.reserve()).toBe(false);
    }),
  );
});
