import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { POLL_OPTIONS } from '../helpers/start-runtime.ts';
import { invoke } from './page-steps.ts';
import { showFunction } from './shown-function.ts';
import type { ShownFunction } from './shown-function.ts';

describe('the page of a function that has more callers than slots', () => {
  let shown: ShownFunction;
  let page: Page;
  beforeAll(async () => {
    shown = await showFunction(['--concurrency', '2', '--timeout', '120']);
    ({ page } = shown);
    await page.getByLabel('shows').selectOption('30 s');
  });
  afterAll(() => shown?.[Symbol.asyncDispose]());
  const inFlight = (count: number) =>
    page.locator('.facts div', { hasText: new RegExp(`^in flight\\s*${count}$`) }).waitFor();
  const queue = (length: number) =>
    page.locator('.queue-length', { hasText: new RegExp(`^${length}$`) }).waitFor();

  it('shows running invocations despite many later ones, and counts waiting ones separately', async () => {
    await invoke(page, { holdUntil: shown.running.gate('many') }, 450);
    await inFlight(2);
    await queue(448);
    await expect.poll(() => page.locator('.lane[data-thread] .bar.open').count(), POLL_OPTIONS).toBe(2);
  });

  it('labels a waiting invocation as waiting', async () => {
    const bar = page.locator('.lane.waiting .bar.open').first();
    expect(await bar.getAttribute('aria-label')).toMatch(/^[0-9a-f]{8}, waiting$/);
    await bar.dispatchEvent('pointermove', { clientX: 300, clientY: 200 });
    const tooltip = page.locator('.tooltip');
    await tooltip.waitFor();
    expect(await tooltip.textContent()).toMatch(/ waitingwaited [\d.]+ m?s so far$/);
    await page.locator('.lanes-body').dispatchEvent('pointerleave');
    await bar.dispatchEvent('click');
    await page.locator('.detail-outcome', { hasText: /^\s*waiting$/ }).waitFor();
  });

  it('labels a running invocation as running', async () => {
    await page.locator('.lane[data-thread] .bar.open').first().dispatchEvent('click');
    await page.locator('.detail-outcome', { hasText: /^\s*running$/ }).waitFor();
  });

  it('shows no invocation as open when all have ended', async () => {
    await shown.running.open('many');
    await page.getByText('450 of 450 done').waitFor();
    await inFlight(0);
    await queue(0);
    await expect.poll(() => page.locator('.bar.open').count(), POLL_OPTIONS).toBe(0);
  });

  it('causes no console warnings and no requests to other hosts', () => {
    expect(shown.watched).toMatchObject({ complaints: [], strangers: [] });
  });
});
