import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { POLL_OPTIONS } from '../helpers/start-runtime.ts';
import { VIEWPORTS, keepPicture, launchBrowser, openConsole } from './browser.ts';
import { startFunction } from './function.ts';
import type { ConsoleFunction } from './function.ts';
import { misfits } from './layout.ts';
import { faultsOf, invoke } from './page-steps.ts';

const COLOURS = ['light', 'dark'] as const;
const CASES = VIEWPORTS.flatMap(([width, height]) =>
  COLOURS.map((colours) => [width, height, colours] as const),
);

let browser: Browser;
let running: ConsoleFunction;
beforeAll(async () => {
  browser = await launchBrowser();
  running = await startFunction(['--concurrency', '4', '--timeout', '60'], {
    AWS_LAMBDA_FUNCTION_NAME: 'thumbnails',
  });
});
afterAll(async () => {
  await browser?.close();
  await running?.[Symbol.asyncDispose]();
});

describe('the page of a function with invocations, an error and a long log', () => {
  beforeAll(async () => {
    const { page } = await openConsole(browser, running.console);
    await invoke(page, { spinMs: 20, log: numbered('making a picture of', 100) }, 3);
    await page.getByText('3 of 3 done').waitFor();
    await invoke(page, { fail: 'no such picture: pictures/one.jpg', log: [LONG_WORD, LONG_TEXT] }, 1);
    await page.locator('.detail-outcome', { hasText: 'error' }).waitFor();
    await page.close();
  });

  it.each(CASES)(
    '%d × %d, %s: nothing overlaps or scrolls sideways, and axe finds nothing',
    async (...how) => {
      const [width, height, colours] = how;
      const { page, complaints } = await openConsole(browser, running.console, colours, { width, height });
      await page.locator('.log-line').nth(250).waitFor();
      expect(await misfits(page)).toEqual([]);
      await page
        .locator('.log-line button', { hasText: /^[0-9a-f]{8}$/ })
        .last()
        .click();
      await page.getByLabel('Answer', { exact: true }).getByText('no such picture').waitFor();
      await invoke(page, { holdUntil: running.gate(`${width}-${colours}`) }, 7, 7);
      await page.locator('.lane[data-thread] .bar.open').nth(3).waitFor();
      await page.locator('.queue-length', { hasText: /^3$/ }).waitFor();
      expect((await fetch(`${running.local.url}/`)).status).toBe(429);
      await page.locator('.facts', { hasText: 'refused' }).waitFor();
      await expect.poll(() => misfits(page), POLL_OPTIONS).toEqual([]);
      expect(await faultsOf(page)).toEqual([]);
      await keepPicture(page, `console-${width}-${colours}`);
      await running.open(`${width}-${colours}`);
      await page.getByText('7 of 7 done').waitFor();
      expect(complaints).toEqual([]);
      await page.close();
    },
  );

  it.each(VIEWPORTS)(
    '%d × %d: the log follows after each reload, even if it is longer than its pane',
    async (...size) => {
      const [width, height] = size;
      const { page } = await openConsole(browser, running.console, 'light', { width, height });
      for (let times = 0; times < 5; times += 1) {
        await page.reload();
        await page.locator('.log-line').nth(250).waitFor();
        await page.locator('.plot canvas').nth(3).waitFor();
        await page.evaluate(TWO_FRAMES);
        expect(await page.getByRole('button', { name: 'Follow' }).getAttribute('aria-pressed')).toBe('true');
        expect(await page.evaluate(FROM_END)).toBeLessThan(2);
      }
      await page.close();
    },
  );

  it('390 × 844: one column in the order of use, in which each panel scrolls by itself', async () => {
    const { page } = await openConsole(browser, running.console, 'light', { width: 390, height: 844 });
    await page.locator('.log-line').nth(250).waitFor();
    const tops = await page.evaluate<number[]>(
      `['.lanes', '.invoke', '.log'].map((each) => document.querySelector(each).getBoundingClientRect().top)`,
    );
    expect(tops).toEqual(tops.toSorted((a, b) => a - b));
    await page.locator('.log-line button').last().click();
    await page.getByLabel('Answer', { exact: true }).waitFor();
    for (const pane of ['.lanes-body', '.detail', '.log-list']) {
      expect([pane, await heightOf(page, pane)]).toEqual([pane, expect.toSatisfy((px: number) => px < 500)]);
    }
    await page.close();
  });
});

it.each(CASES)('%d × %d, %s: an empty page fits and is accessible', async (width, height, colours) => {
  await using fresh = await startFunction(['--concurrency', '4']);
  const { page } = await openConsole(browser, fresh.console, colours, { width, height });
  await page.getByText('Nothing has been invoked yet').waitFor();
  await page.locator('.lane[data-thread]').nth(3).waitFor();
  expect(await misfits(page)).toEqual([]);
  expect(await faultsOf(page)).toEqual([]);
  await page.close();
});

function numbered(what: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${what} ${index + 1}`);
}

const LONG_WORD = 'x'.repeat(300);
const LONG_TEXT = 'a picture of many words '.repeat(20);

/** Scroll events and size observers run before a frame. */
const TWO_FRAMES = 'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))';

const FROM_END = `{
  const { scrollTop, scrollHeight, clientHeight } = document.querySelector('.log-list');
  scrollHeight - scrollTop - clientHeight;
}`;

function heightOf(page: Page, selector: string): Promise<number> {
  return page.evaluate(`document.querySelector('${selector}').clientHeight`);
}
