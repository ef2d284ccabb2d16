import { afterEach, expect, it } from 'vitest';
import type { RunningRuntime } from '../helpers/start-runtime.ts';
import { sampleEvent, startExample } from './example.ts';

let runtime: RunningRuntime | undefined;
afterEach(() => runtime?.[Symbol.asyncDispose]());

it.each([1, 2])('the example shared-cache answers, and caches the answer, with %i slots', async (slots) => {
  runtime = await startExample('shared-cache', slots);
  const event = sampleEvent('shared-cache');
  const thread = expect.any(Number);
  expect(await runtime.invoke(event)).toEqual({ factors: [15485863], cached: false, thread });
  expect(await runtime.invoke(event)).toEqual({ factors: [15485863], cached: true, thread });
  expect(await runtime.invoke({ number: 9699690 })).toMatchObject({ factors: [2, 3, 5, 7, 11, 13, 17, 19] });
  const { error } = await runtime.failure({ number: 2 ** 24 });
  expect(error?.errorMessage).toBe('The event must have a whole number from 2 to 16777215.');
});
