import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keepPicture, launchBrowser, openConsole } from './browser.ts';
import type { Watched } from './browser.ts';
import { startFunction } from './function.ts';
import type { ConsoleFunction } from './function.ts';
import { invoke } from './page-steps.ts';

describe('the page of a function that streams', () => {
  let browser: Browser;
  let running: ConsoleFunction;
  let watched: Watched;
  let page: Page;
  beforeAll(async () => {
    browser = await launchBrowser();
    running = await startFunction(['--concurrency', '2'], {}, 'index.stream');
    watched = await openConsole(browser, running.console);
    ({ page } = watched);
  });
  afterAll(async () => {
    await browser?.close();
    await running?.[Symbol.asyncDispose]();
  });
  const answer = () => page.getByLabel('Answer', { exact: true }).textContent();
  const ran = () => page.locator('.timings div', { hasText: 'handler ran' }).locator('dd').textContent();

  it('shows a stream as running until it ends, then what was streamed', async () => {
    const head = { statusCode: 418, headers: { 'content-type': 'text/plain' } };
    await invoke(page, { head, parts: ['a line of text\n'], holdUntil: running.gate('end') }, 1);
    await page.locator('.bar.open:not(.wait)').waitFor();
    await page.locator('.bar.open:not(.wait)').dispatchEvent('click');
    await page.getByText('streams since').waitFor();
    expect(await ran()).toBe('–');
    await running.open('end');
    await page.locator('.bar.response').waitFor({ state: 'attached' });
    await page.getByLabel('Answer', { exact: true }).waitFor();
    expect(await answer()).toBe(`${JSON.stringify(head, null, 2)}\n\na line of text\nthe end`);
    expect(await ran()).not.toBe('–');
    await keepPicture(page, 'console-stream');
  });

  it('shows an error behind the first bytes', async () => {
    await invoke(page, { parts: ['part'], fail: 'in the middle' }, 1);
    await page.locator('.bar.error').waitFor({ state: 'attached' });
    await page.locator('.bar.error').dispatchEvent('click');
    await page.getByLabel('Answer', { exact: true }).getByText('in the middle').waitFor();
  });

  it('has no complaint', () => {
    expect(watched).toMatchObject({ complaints: [], strangers: [] });
  });
});
