import { afterEach, expect, it } from 'vitest';
import type { RunningRuntime } from '../helpers/start-runtime.ts';
import { sampleEvent, startExample } from './example.ts';

let runtime: RunningRuntime | undefined;
afterEach(() => runtime?.[Symbol.asyncDispose]());

it.each([1, 2])('the example streaming sends parts as it finds them, with %i slots', async (slots) => {
  runtime = await startExample('streaming', slots);
  const chunks: string[] = [];
  const event = JSON.stringify(sampleEvent('streaming'));
  const { body, contentType, mode } = await runtime.response(event, {
    onChunk: (chunk) => void chunks.push(chunk.toString()),
  });
  expect({ contentType, mode }).toEqual({ contentType: 'application/json', mode: 'streaming' });
  expect(chunks[0]).toBe('[{"from":0,"below":100000,"primes":9592}');
  const report = JSON.parse(body.toString()) as { primes: number }[];
  expect(report.map(({ primes }) => primes)).toEqual([9592, 8392, 8013, 7863]);
  const failed = await runtime.failure({ upTo: 0, parts: 1 });
  expect(failed).toMatchObject({ midStream: false, errorType: 'Function.RangeError' });
});
