import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { WatchedFiles } from '../../src/cli/watched-files.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

it('reports one change for a file that is written in several steps, after the last step', async () => {
  await using root = await makeTaskRoot({ 'handler.mjs': 'old' });
  const file = `${root.path}/handler.mjs`;
  const watched = new WatchedFiles();
  watched.add(file);
  let changes = 0;
  void (async () => {
    for (;;) {
      await watched.changed();
      changes += 1;
    }
  })();
  await vi.advanceTimersByTimeAsync(1000);
  expect(changes).toBe(0);
  for (const text of ['', 'export const', 'export const handler = 1;']) {
    writeFileSync(file, text);
    untilTheClockOfFilesTicks();
    await vi.advanceTimersToNextTimerAsync();
    expect(changes).toBe(0);
  }
  await vi.advanceTimersToNextTimerAsync();
  expect(changes).toBe(1);
  await vi.advanceTimersByTimeAsync(1000);
  expect(changes).toBe(1);
  watched.close();
});

/** Two writes within one tick of the kernel's clock leave the same modification time. */
function untilTheClockOfFilesTicks(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
}
