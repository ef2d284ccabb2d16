import { describe, expect, it } from 'vitest';
import { MODES, PATIENTLY, startBootstrap } from '../helpers/start-runtime.ts';

describe.each(MODES)('%s', (_mode, { concurrency = 1 }) => {
  it('nobody reads for long: lines are dropped and no handler fails; then it is told how many', async () => {
    const options = { concurrency, threads: 1, outputTimeoutMs: 50 };
    await using runtime = await startBootstrap('logs.mjs', options);
    await runtime.whenParked(1);
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
    await expect.poll(droppedAndWhole, PATIENTLY).toBe(0);
    expect(told().length).toBeGreaterThan(0);
    expect(lines().filter((line) => line.includes('xxx') && !line.endsWith('}')).length).toBeLessThan(2);
  });
});
