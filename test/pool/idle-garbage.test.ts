import { expect, it } from 'vitest';
import { IdleGarbage } from '../../src/pool/idle-garbage.ts';

const garbage = new IdleGarbage();
const collected: string[] = [];
const thread = (name: string) => ({ name, isIdle: true, send: () => void collected.push(name) });
const [first, second, third] = [thread('first'), thread('second'), thread('third')];
let nowMs = 0;

/** A second later, with the threads that hold so many MiB; names the thread that collects, if one does. */
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

it('threads collect one a second, the one with the most garbage first, and none for what stays in use', () => {
  expect(collects(300, 150, 10)).toBe('first');
  // The measurement is still the one from before the collection.
  expect(collects(300, 150, 10)).toBe('second');
  expect(collects(290, 20, 10)).toBeUndefined();
  // Half as much as stays in use is not yet there, or less than is worth a collection.
  expect(collects(400, 35, 10)).toBeUndefined();
  expect(collects(440, 40, 10)).toBe('first');
  expect(collects(290, 40, 30)).toBe('third');
  second.isIdle = false;
  expect(collects(290, 200, 10)).toBeUndefined();
  second.isIdle = true;
  expect(collects(290, 200, 10)).toBe('second');
});
