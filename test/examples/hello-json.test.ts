import { afterEach, expect, it } from 'vitest';
import type { RunningRuntime } from '../helpers/start-runtime.ts';
import { sampleEvent, startExample } from './example.ts';

let runtime: RunningRuntime | undefined;
afterEach(() => runtime?.[Symbol.asyncDispose]());

it.each([1, 2])('the example hello-json answers its event with %i slots', async (slots) => {
  runtime = await startExample('hello-json', slots);
  const answer = await runtime.invoke(sampleEvent('hello-json'), { requestId: 'request-1' });
  expect(answer).toEqual({
    greeting: 'Hello, Ada!',
    requestId: 'request-1',
    thread: slots === 1 ? 0 : expect.toBeOneOf([1, 2]),
  });
});
