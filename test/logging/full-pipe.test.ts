import { describe, expect, it } from 'vitest';
import { MODES, POLL_OPTIONS, startBootstrap } from '../helpers/start-runtime.ts';
import { openPipe } from './outlets.ts';

describe.each(MODES)('%s', (_mode, _settings, layout) => {
  it('drops lines without failing a handler while nobody reads, and later logs how many', async () => {
    const options = { ...layout, outputTimeoutMs: 50, logInvocations: false };
    await using runtime = await startBootstrap('logs.mjs', options);
    await runtime.whenPolling(1);
    runtime.child.stdout?.pause();
    let written = 0;
    const write = async (characters: number) => {
      await runtime.invoke({ do: 'text', text: 'x'.repeat(characters) });
      written += 1;
    };
    for (let n = 0; n < 20; n += 1) await write(100_000);
    runtime.child.stdout?.resume();

    const lines = () => runtime.output.stdout.split('\n').slice(0, -1);
    const told = () => lines().filter((line) => line.includes('Log lines were dropped'));
    const droppedAndWhole = async () => {
      await write(10);
      const dropped = told().map((line) => (JSON.parse(line) as { lines: number }).lines);
      const whole = lines().filter((line) => line.includes('xxx') && line.endsWith('}'));
      return dropped.reduce((sum, count) => sum + count, whole.length) - written;
    };
    await expect.poll(droppedAndWhole, POLL_OPTIONS).toBe(0);
    expect(told().length).toBeGreaterThan(0);
    expect(lines().filter((line) => line.includes('xxx') && !line.endsWith('}')).length).toBeLessThan(2);
  });

  it('waits only once for a pipe that nobody reads, even if it has room for a short line', async () => {
    await using pipe = await openPipe();
    const options = { ...layout, outputTimeoutMs: 1_000, logInvocations: false };
    await using runtime = await startBootstrap('logs.mjs', options, {
      stdio: ['ignore', pipe.fd, 'pipe', 'ipc'],
    });
    pipe.release();
    await runtime.whenPolling(1);
    // Waiting for each line would exceed the timeout of the test.
    const event = { do: 'alternate', lines: 1_000 };
    await runtime.invoke(event, { timeoutMs: 600_000 });
    await runtime.invoke(event, { timeoutMs: 600_000 });
    pipe.reader.open();

    const written = () => pipe.reader.lines.filter((line) => /^\d+ x+$/.test(line)).length;
    const told = () =>
      pipe.reader.lines
        .filter((line) => line.includes('Log lines were dropped'))
        .map((line) => (JSON.parse(line) as { lines: number }).lines)
        .reduce((sum, lines) => sum + lines, 0);
    let more = 0;
    const writtenAndTold = async () => {
      more += 20;
      await runtime.invoke({ do: 'alternate', lines: 20 });
      return written() + told() - more;
    };
    await expect.poll(writtenAndTold, POLL_OPTIONS).toBe(2_000);
    expect(told()).toBeGreaterThan(900);
  });
});
