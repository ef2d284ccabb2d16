/** Epoch ms, in fractions: bars of less than a millisecond have a length. */
export function now(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000) / 1000;
}
