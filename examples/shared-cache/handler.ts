import { threadId } from 'node:worker_threads';
// In your own project, import from 'lambda-managed-runtime/worker'.
import { useServices, useSharedData } from '../../workers/index.ts';
import type { Handler } from '../../workers/index.ts';

export interface FactorsEvent {
  readonly number: number;
}

export interface FactorsAnswer {
  readonly factors: readonly number[];
  readonly cached: boolean;
  readonly thread: number;
}

const { cache } = useServices<typeof import('./services.ts')>();
const { smallestFactor } = useSharedData<typeof import('./factors.ts')>();

export const handler: Handler<FactorsEvent, FactorsAnswer> = async ({ number }) => {
  if (!Number.isInteger(number) || number < 2 || number >= smallestFactor.length)
    throw new RangeError(`The event must have a whole number from 2 to ${smallestFactor.length - 1}.`);
  const hit = await cache.get(number);
  if (hit !== undefined) return { factors: hit, cached: true, thread: threadId };
  const factors = factorsOf(number);
  await cache.set(number, factors);
  return { factors, cached: false, thread: threadId };
};

function factorsOf(number: number): number[] {
  const factors: number[] = [];
  for (let rest = number; rest > 1;) {
    const factor = smallestFactor[rest] || rest;
    factors.push(factor);
    rest /= factor;
  }
  return factors;
}
