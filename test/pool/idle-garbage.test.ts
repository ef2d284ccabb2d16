import { expect, it } from 'vitest';
import { IdleGarbage } from '../../src/pool/idle-garbage.ts';

const garbage = new IdleGarbage();
const collected: string[] = [];
const thread = (name: string) => ({ name, isIdle: true, send: () => void collected.push(name) });
const [first, second, third] = [thread('first'), thread('second'), thread('third')];
let nowMs = 0;

/** Lets a second pass, with so many MiB in each thread. Returns the thread that collects garbage, if any. */
function collects(firstMiB: number, secondMiB: number, thirdMiB: number): string | undefined {
  nowMs += 1_000;
  collected.length = 0;
  const held = (heapMiB: number) => ({ heapMiB, externalMiB: 0 });
  const measured = new Map([
    [first, held(firstMiB)],
    [second, held(secondMiB)],
    [third, held(thirdMiB)],
  ]);
  garbage.collect(measured, nowMs);
  garbage.collect(measured, nowMs + 999);
  return collected.length > 1 ? 'more than one' : collected[0];
}

it('one thread collects per second, the one with the most garbage first, but not for live memory', () => {
  expect(collects(300, 150, 10)).toBe('first');
  // The measurement is still the one from before the collection.
  expect(collects(300, 150, 10)).toBe('second');
  expect(collects(290, 20, 10)).toBeUndefined();
  // The garbage is less than half of the live memory, or too little to be worth a collection.
  expect(collects(400, 35, 10)).toBeUndefined();
  expect(collects(440, 40, 10)).toBe('first');
  expect(collects(290, 40, 30)).toBe('third');
  second.isIdle = false;
  expect(collects(290, 200, 10)).toBeUndefined();
  second.isIdle = true;
  expect(collects(290, 200, 10)).toBe('second');
});
