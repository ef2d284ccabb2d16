import { MAX_CONCURRENCY } from '../../config/environment.ts';

/** Values of a flag or an option that are refused outside of a range. */
export interface Range<Value> {
  /** Completes the sentence "Expected …". */
  readonly expected: string;
  readonly contains: (value: Value) => boolean;
}

export const SIZES: Range<readonly number[]> = {
  expected: `whole numbers from 1 to ${MAX_CONCURRENCY}`,
  contains: (sizes) =>
    sizes.length > 0 && sizes.every((size) => Number.isInteger(size) && size >= 1 && size <= MAX_CONCURRENCY),
};

const MAX_RATE = 100_000;
export const RATES: Range<readonly number[]> = {
  expected: `numbers above 0 and up to ${MAX_RATE}`,
  contains: (rates) => rates.every((rate) => rate > 0 && rate <= MAX_RATE),
};

const MIN_SECONDS = 0.1;
const MAX_SECONDS = 3600;
export const SECONDS: Range<number> = {
  expected: `a number from ${MIN_SECONDS} to ${MAX_SECONDS}`,
  contains: (seconds) => seconds >= MIN_SECONDS && seconds <= MAX_SECONDS,
};

/** Sorts numbers and removes duplicates. */
export function ascending(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b);
}
