import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CHART, chartText, tailLatencyChart } from '../../scripts/charts/tail-latency.ts';
import { ROOT } from '../../scripts/root.ts';

it('the chart of the README shows the numbers of the documentation; `npm run docs:charts` writes it', () => {
  expect(readFileSync(join(ROOT, CHART), 'utf8')).toBe(tailLatencyChart());
});

it('the README describes the chart with the same numbers', () => {
  expect(readFileSync(join(ROOT, 'README.md'), 'utf8')).toContain(`![${chartText()}](${CHART})`);
});

it('the chart has a dark color scheme, and a title for screen readers', () => {
  const chart = tailLatencyChart();
  expect(chart).toContain('@media(prefers-color-scheme:dark)');
  expect(chart).toMatch(/<title id="title">.*lambda-managed-runtime \d+, aws-lambda-ric [\d,]+/);
});
