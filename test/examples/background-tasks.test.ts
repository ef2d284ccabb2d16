import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningRuntime } from '../helpers/start-runtime.ts';
import { sampleEvent, startExample } from './example.ts';

describe.each([1, 2])('the example background-tasks with %i slots', (slots) => {
  let runtime: RunningRuntime;
  beforeAll(async () => {
    runtime = await startExample('background-tasks', slots);
  });
  afterAll(() => runtime[Symbol.asyncDispose]());

  it('answers its event, then sends the receipt', async () => {
    const answer = await runtime.invoke(sampleEvent('background-tasks'), { requestId: 'request-1' });
    expect(answer).toEqual({ order: 'A-1001', totalCents: 6150, thread: expect.any(Number) });
    expect(await runtime.whenLogged(/^Receipt sent$/)).toMatchObject({
      order: 'A-1001',
      requestId: 'request-1',
    });
  });

  it('logs a failed receipt under its request id', async () => {
    await runtime.invoke({ order: 'A-1002', items: [] }, { requestId: 'request-2' });
    expect(await runtime.whenLogged(/^Background work failed$/)).toMatchObject({
      level: 'ERROR',
      requestId: 'request-2',
      errorMessage: expect.stringContaining('The order A-1002 is empty.'),
    });
  });
});
