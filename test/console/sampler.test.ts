import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Sampler } from '../../src/console/sampler.ts';
import type { RuntimeStats } from '../../src/observability/stats.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

it('takes no sample in the first second of another runtime, nor counts its answers later', () => {
  const sampler = new Sampler();
  sampler.setStatsSource(IDLE);
  sampler.start();
  sampler.answered(5);
  vi.advanceTimersByTime(1000);
  expect(sampler.takeNew()).toMatchObject([{ p50: expect.closeTo(5, 1) }]);
  sampler.setStatsSource({ ...IDLE });
  sampler.answered(5);
  vi.advanceTimersByTime(1000);
  expect(sampler.takeNew()).toEqual([]);
  vi.advanceTimersByTime(1000);
  const [sample] = sampler.takeNew();
  expect(sample).toMatchObject({ perSecond: 0 });
  expect(sample).not.toHaveProperty('p50');
  sampler.stop();
});

it('takes one sample per second, even if it is started twice, and keeps those of five minutes', () => {
  const sampler = new Sampler();
  sampler.setStatsSource(IDLE);
  sampler.start();
  sampler.start();
  vi.advanceTimersByTime(10_000);
  expect(sampler.all()).toHaveLength(10);
  vi.advanceTimersByTime(600_000);
  expect(sampler.all()).toHaveLength(300);
  expect(sampler.takeNew()).toHaveLength(300);
  expect(sampler.takeNew()).toEqual([]);
  sampler.stop();
  vi.advanceTimersByTime(10_000);
  expect(sampler.takeNew()).toEqual([]);
});

const IDLE = {
  stats: () =>
    ({ inFlight: 0, mainThread: { activeMs: 0 }, threads: { each: [] } }) as unknown as RuntimeStats,
};
