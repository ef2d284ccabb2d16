import { expect, it } from 'vitest';
import type { Log } from '../../src/logging/log.ts';
import { RestartBackoff } from '../../src/pool/thread-replacement.ts';

it('threads that fail together count as one failure and log the same delay', async () => {
  const lines: { readonly failures?: number; readonly delayMs?: number }[] = [];
  const log = { error: (fields: object) => lines.push(fields) } as unknown as Log;
  const retried = Promise.withResolvers<void>();
  const actions = { tryAgain: retried.resolve, giveUp: () => expect.fail('A thread may still start') };
  const backoff = new RestartBackoff(60_000, log, actions);
  for (const thread of [1, 2, 3]) backoff.starts(thread);
  for (const thread of [2, 1, 3]) backoff.failed(thread, {}, 'A thread did not start');
  expect(lines.map(({ failures }) => failures)).toEqual([1, 1, 1]);
  expect(new Set(lines.map(({ delayMs }) => delayMs)).size).toBe(1);
  await retried.promise;
  backoff.failed(4, {}, 'A thread did not start');
  expect(lines.at(-1)?.failures).toBe(2);
  backoff.stop();
});
