import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { POLL_OPTIONS } from '../helpers/start-runtime.ts';
import { invoke } from './page-steps.ts';
import { showFunction } from './shown-function.ts';
import type { ShownFunction } from './shown-function.ts';

describe('time on the page', () => {
  let shown: ShownFunction;
  let page: Page;
  beforeAll(async () => {
    shown = await showFunction(['--concurrency', '2', '--timeout', '120']);
    ({ page } = shown);
  });
  afterAll(() => shown?.[Symbol.asyncDispose]());
  const shows = (time: string) => page.getByLabel('shows').selectOption(time);
  /** The number of these elements that begin in the visible part of their track. */
  const seen = (what: string) => page.evaluate<number>(SEEN.replace('WHAT', what));

  it('no two marks of the axis have the same label', async () => {
    await shows('2 s');
    const ticks = page.locator('.axis .tick');
    await expect.poll(() => ticks.count(), POLL_OPTIONS).toBe(7);
    const times = (await ticks.allTextContents()).filter((time) => time !== '');
    expect(times.length).toBeGreaterThan(2);
    expect(times).toEqual([...new Set(times)]);
  });

  it('bars are in the visible range after the clock of the page has been set forward', async () => {
    await shows('30 s');
    await page.evaluate(SET_CLOCK);
    await invoke(page, { holdUntil: shown.running.gate('set') }, 2);
    await page.locator('.lane[data-thread] .bar.open').nth(1).waitFor();
    await expect.poll(() => seen('.lane[data-thread] .bar.open'), POLL_OPTIONS).toBe(2);
    await expect.poll(() => seen('.axis .tick'), POLL_OPTIONS).toBeGreaterThan(4);
    await shown.running.open('set');
    await page.getByText('2 of 2 done').waitFor();
  });

  it('positions stay small, however far back the reader scrolls', async () => {
    await shows('10 min');
    await page.locator('#lanes').focus();
    for (let times = 0; times < 60; times += 1) await page.keyboard.press('PageUp');
    await shows('2 s');
    await expect.poll(() => page.evaluate<number>(SHIFT), POLL_OPTIONS).toBeLessThan(2_500_000);
    await page.getByRole('button', { name: 'Go live' }).click();
    await shows('30 s');
    await invoke(page, { holdUntil: shown.running.gate('far') }, 2);
    await page.locator('.lane[data-thread] .bar.open').nth(1).waitFor();
    await expect.poll(() => seen('.lane[data-thread] .bar.open'), POLL_OPTIONS).toBe(2);
    await shown.running.open('far');
    await page.getByText('2 of 2 done').waitFor();
  });

  it('causes no console warnings and no requests to other hosts', () => {
    expect(shown.watched).toMatchObject({ complaints: [], strangers: [] });
  });
});

/** Sets the clock of the page forward by an hour, as if the server’s clock had stood still. */
const SET_CLOCK = `{
  const now = Date.now;
  Date.now = () => now() + 3_600_000;
}`;

const SEEN = `[...document.querySelectorAll('WHAT')].filter((each) => {
  const track = each.closest('.track').getBoundingClientRect();
  const { left } = each.getBoundingClientRect();
  return left > track.left && left < track.right;
}).length`;

/** The shift of the strip that holds the marks, in px. */
const SHIFT = `Math.abs(new DOMMatrix(getComputedStyle(document.querySelector('.axis .strip')).transform).e)`;
