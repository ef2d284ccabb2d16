import { expect, it } from 'vitest';
import type { Log } from '../../src/logging/log.ts';
import { watchUntilEnd } from '../../src/pool/ending-watch.ts';
import type { PoolThread } from '../../src/pool/pool-thread.ts';
import type { ThreadEndReason } from '../../src/pool/thread-end.ts';
import type { ThreadState } from '../../src/pool/thread-state.ts';

it('the watch leaves a ready thread alone, and terminates it if it is blocked while ending', async () => {
  const thread = {
    id: 1,
    state: 'ready' as ThreadState,
    endReason: { kind: 'stopped' } as ThreadEndReason,
    osThread: undefined,
    isRunningHooks: false,
    eventLoop: { turned: () => new Promise<void>(() => undefined) },
    terminate: () => (thread.state = 'ended'),
  };
  const warnings: object[] = [];
  const log = { warn: (fields: object) => warnings.push(fields) };
  const watch = () => watchUntilEnd(thread as unknown as PoolThread, () => false, log as unknown as Log);
  await watch();
  expect(thread.state).toBe('ready');
  thread.state = 'ending';
  await watch();
  expect(thread.state).toBe('ended');
  expect(warnings).toEqual([{ thread: 1, reason: 'blocked' }]);
});
