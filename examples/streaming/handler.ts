import { setImmediate } from 'node:timers/promises';
import { pipeline } from 'node:stream/promises';
// In your own project, import from 'lambda-managed-runtime/worker', or AWS's global `awslambda.streamifyResponse`.
import { streamifyResponse } from '../../workers/index.ts';
import { countPrimes } from './primes.ts';

export interface PrimesEvent {
  readonly upTo: number;
  /** The number of intervals to report. */
  readonly parts: number;
}

/** Streams a JSON array and sends each item as soon as it is computed. */
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
    // The runtime sends the yielded item while this thread continues to compute.
    await setImmediate();
  }
  yield ']';
}
