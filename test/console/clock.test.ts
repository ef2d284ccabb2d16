import { afterEach, expect, it, vi } from 'vitest';
import { steadyClock } from '../../src/console/sampler.ts';

afterEach(() => vi.restoreAllMocks());

it('the clock catches up with the time of day, as after a sleep, and never goes back', () => {
  const now = steadyClock();
  const before = now();
  expect(Math.abs(before - Date.now())).toBeLessThan(2000);
  const timeOfDay = vi.spyOn(Date, 'now').mockReturnValue(before + HOUR_MS);
  const woken = now();
  expect(Math.abs(woken - before - HOUR_MS)).toBeLessThan(2000);
  timeOfDay.mockReturnValue(before);
  expect(now()).toBeGreaterThanOrEqual(woken);
});

it('the clock does not jump by less than a second, because it measures durations', () => {
  const now = steadyClock();
  const before = now();
  vi.spyOn(Date, 'now').mockReturnValue(before + 900);
  expect(now() - before).toBeLessThan(500);
});

const HOUR_MS = 3_600_000;
