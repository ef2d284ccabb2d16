import { expect, it } from 'vitest';
import { DelayHistograms } from '../../src/pool/thread-start.ts';

it('event loop histograms have only two significant digits, to save memory', () => {
  const histogram = new DelayHistograms().take();
  histogram.record(10_010_000_000);
  histogram.record(10_020_000_000);
  expect(histogram.percentile(1)).toBe(histogram.percentile(100));
  histogram.record(12_000_000_000);
  expect(histogram.percentile(1)).toBeLessThan(histogram.percentile(100));
});
