import { setImmediate } from 'node:timers/promises';
import { pipeline } from 'node:stream/promises';
// In a project of your own: from 'lambda-managed-runtime/worker', or AWS's global `awslambda.streamifyResponse`.
import { streamifyResponse } from '../../workers/index.ts';
import { countPrimes } from './primes.ts';

export interface PrimesEvent {
  readonly upTo: number;
  /** How many parts of the numbers up to there are reported on. */
  readonly parts: number;
}

/** A JSON array whose items go out as they are found. */
export const handler = streamifyResponse<PrimesEvent>(async ({ upTo, parts }, responseStream) => {
  if (!(upTo > 0 && parts > 0)) throw new RangeError('upTo and parts must be numbers above 0.');
  responseStream.setContentType('application/json');
  await pipeline(report(upTo, parts), responseStream);
});

async function* report(upTo: number, parts: number): AsyncGenerator<string> {
  for (let part = 0; part < parts; part += 1) {
    const from = Math.ceil((upTo * part) / parts);
    const below = Math.ceil((upTo * (part + 1)) / parts);
    yield `${part === 0 ? '[' : ','}${JSON.stringify({ from, below, primes: countPrimes(from, below) })}`;
    // What was yielded goes out while this thread computes on.
    await setImmediate();
  }
  yield ']';
}
