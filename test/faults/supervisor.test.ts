import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { FULL, SHAPES, SINGLE_MODE } from './fault-runtime.ts';
import type { FaultRuntime } from './fault-runtime.ts';

/** In total, more than a pipe and the buffers at both ends hold. */
const PRINTING = { do: 'print', lines: 20, characters: 4000 };

describe.each(SHAPES)('$mode', ({ mode, start }) => {
  it('a logger that throws does not affect invocations', async () => {
    await using runtime = await start({ extras: ['throwing logger'] });
    await runtime.expectFullCapacity();
    if (mode !== SINGLE_MODE) await runtime.failure({ do: 'throw in a timer' });
    await runtime.expectFullCapacity();
    runtime.expectAnsweredOnce();
    expect(await runtime.stop()).toEqual({ code: 0, signal: null });
  });

  it('invocations that print are answered when the reader of the output has gone (EPIPE)', async () => {
    await using runtime = await start({});
    await runtime.whenPolling(runtime.slots);
    runtime.child.stdout?.destroy();
    runtime.child.stderr?.destroy();
    await print(runtime);
    if (mode !== SINGLE_MODE) await runtime.failure({ do: 'throw in a timer' });
    await runtime.expectFullCapacity();
    runtime.expectAnsweredOnce();
    expect(await runtime.stop()).toEqual({ code: 0, signal: null });
  });

  it.each([
    { by: 'a bootstrap', command: false, ended: 'disconnect' },
    // The command waits for the pipe for the default time.
    ...(mode === SINGLE_MODE || FULL ? [{ by: 'the command', command: true, ended: 'exit' }] : []),
  ])(
    'while nothing reads its full output pipe, $by answers all invocations and ends',
    async ({ command, ended }) => {
      await using runtime = await start({ command, options: { outputTimeoutMs: 300 } });
      await runtime.whenPolling(runtime.slots);
      runtime.child.stdout?.pause();
      await print(runtime);
      await runtime.expectFullCapacity();
      runtime.expectAnsweredOnce();
      // Node keeps a process that does not call process.exit until all is written.
      const end = once(runtime.child, ended);
      runtime.child.kill('SIGTERM');
      await end;
      runtime.child.stdout?.resume();
      expect(await runtime.exited).toEqual({ code: 0, signal: null });
    },
  );
});

async function print(runtime: FaultRuntime): Promise<void> {
  const timed = { timeoutMs: 20_000 };
  for (let round = 0; round < 4; round += 1) {
    await Promise.all(Array.from({ length: 8 }, () => runtime.invoke(PRINTING, timed)));
  }
}
