import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { POLL_SCHEDULE, delayAfter } from '../../src/retry-schedule.ts';

const schedule = fc
  .record({ firstDelayMs: fc.nat(1000), factor: fc.nat(1000), tries: fc.integer({ min: 1, max: 100 }) })
  .map(({ firstDelayMs, factor, tries }) => ({ firstDelayMs, longestDelayMs: firstDelayMs * factor, tries }));
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('a retry schedule', () => {
  it('doubles the delay up to the longest one, with a jitter of a quarter', () => {
    fc.assert(
      fc.property(schedule, fc.integer({ min: 1, max: 99 }), random, (plan, failures, chance) => {
        fc.pre(failures < plan.tries);
        const full = Math.min(plan.firstDelayMs * 2 ** (failures - 1), plan.longestDelayMs);
        const delayMs = delayAfter(failures, plan, chance) ?? Number.NaN;
        expect(delayMs).toBeGreaterThanOrEqual(full * 0.75);
        expect(delayMs).toBeLessThanOrEqual(full * 1.25);
      }),
    );
  });

  it('ends after its number of tries', () => {
    fc.assert(
      fc.property(schedule, fc.nat(200), (plan, failures) => {
        fc.pre(failures > 0);
        expect(delayAfter(failures, plan) === undefined).toBe(failures >= plan.tries);
      }),
    );
  });

  it('for polls ends after 20 tries, about 15 minutes', () => {
    const total = (chance: number) => {
      let sumMs = 0;
      for (let failures = 1; failures < 20; failures += 1)
        sumMs += delayAfter(failures, POLL_SCHEDULE, chance) ?? 0;
      return sumMs / 60_000;
    };
    expect(delayAfter(20, POLL_SCHEDULE)).toBeUndefined();
    expect(total(0)).toBeGreaterThan(11);
    expect(total(0.5)).toBeCloseTo(15, 0);
    expect(total(1)).toBeLessThan(20);
  });
});
