import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Room } from '../../src/pool/room.ts';

type Step = 'reserve' | 'release' | 'join' | 'leave';
const steps = fc.array(fc.constantFrom<Step>('reserve', 'release', 'join', 'leave'), { maxLength: 60 });

/** Plays the steps that are possible, as a pool would. */
async function play(room: Room, list: readonly Step[]) {
  let capacity = 0;
  let asked = 0;
  let held = 0;
  const granted: number[] = [];
  const refused: number[] = [];
  for (const step of list) {
    if (step === 'reserve') {
      const number = (asked += 1);
      void room.reserve().then((isGranted) => {
        if (isGranted) held += 1;
        (isGranted ? granted : refused).push(number);
      });
    } else if (step === 'release' && held > 0) {
      held -= 1;
      room.release();
    } else if (step === 'join') {
      capacity += 1;
      room.resize(1);
    } else if (step === 'leave' && capacity > 0) {
      capacity -= 1;
      room.resize(-1);
    }
    const before = granted.length;
    await Promise.resolve();
    await Promise.resolve();
    if (granted.length > before) expect(held).toBeLessThanOrEqual(capacity);
  }
  return { capacity, asked, held, granted, refused };
}

it('room is granted in the order in which it was asked for, and never beyond the capacity', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const { capacity, asked, held, granted, refused } = await play(new Room(), list);
      expect(granted).toEqual(Array.from(granted, (_, index) => index + 1));
      expect(refused).toEqual([]);
      // Nobody waits while there is room.
      if (granted.length < asked) expect(held).toBeGreaterThanOrEqual(capacity);
    }),
  );
});

it('a room that is closed refuses those who wait, in order, and all who come', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const room = new Room();
      const played = await play(room, list);
      room.close();
      await Promise.resolve();
      await Promise.resolve();
      expect([...played.granted, ...played.refused]).toEqual(
        Array.from({ length: played.asked }, (_, index) => index + 1),
      );
      expect(await room.reserve()).toBe(false);
    }),
  );
});
