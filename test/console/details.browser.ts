import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, openConsole } from './browser.ts';
import { startFunction } from './function.ts';
import type { ConsoleFunction } from './function.ts';
import { invoke } from './page-steps.ts';

describe('the details of an invocation', () => {
  let browser: Browser;
  let running: ConsoleFunction;
  let page: Page;
  beforeAll(async () => {
    browser = await launchBrowser();
    running = await startFunction(['--concurrency', '2', '--timeout', '120']);
    ({ page } = await openConsole(browser, running.console));
  });
  afterAll(async () => {
    await browser?.close();
    await running?.[Symbol.asyncDispose]();
  });
  const outcome = (name: string) =>
    page.locator('.detail-outcome', { hasText: new RegExp(`^\\s*${name}$`) }).waitFor();

  it('show what it logs while it runs', async () => {
    const gates = { holdUntil: running.gate('logs'), holdThen: running.gate('ends') };
    await invoke(page, { ...gates, logThen: ['on the way'] }, 1);
    await outcome('running');
    await running.open('logs');
    await page.locator('.detail').getByLabel('Log lines').getByText('on the way').waitFor();
    await outcome('running');
    await running.open('ends');
    await outcome('response');
  });

  it('are requested once if it is no longer retained, and no others are shown instead', async () => {
    await invoke(page, { log: ['soon forgotten'] }, 1);
    const line = page.locator('.log-line', { hasText: 'soon forgotten' });
    await line.waitFor();
    await invoke(page, {}, 420, 4);
    await page.getByText('420 of 420 done').waitFor();
    await invoke(page, { answer: 'another' }, 1);
    await page.getByLabel('Answer', { exact: true }).getByText('another').waitFor();

    const requestId = (await line.locator('button').getAttribute('title')) ?? '';
    const asked: string[] = [];
    page.on('request', (request) => {
      if (request.url().endsWith(requestId)) asked.push(request.url());
    });
    await line.locator('button').click();
    await page.getByText('The console no longer retains this invocation').waitFor();
    expect(await page.locator('.detail-id').count()).toBe(0);
    await invoke(page, { log: ['later'] }, 2);
    await page.locator('.log-line', { hasText: 'later' }).nth(1).waitFor();
    await page.getByText('2 of 2 done').waitFor();
    // Requests are sent in order: any earlier request comes before this one.
    const after = page.waitForRequest(/page\.css$/);
    await page.evaluate('fetch("/_lambda/console/page.css")');
    await after;
    expect(asked).toHaveLength(1);
    await page.getByText('The console no longer retains this invocation').waitFor();
  });
});
