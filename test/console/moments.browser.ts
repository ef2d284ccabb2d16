import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { POLL_OPTIONS } from '../helpers/start-runtime.ts';
import { keepPicture, launchBrowser, openConsole } from './browser.ts';
import { startFunction } from './function.ts';
import { invoke } from './page-steps.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

it('shows a missed deadline, and that the connection is lost', async () => {
  await using running = await startFunction(['--concurrency', '2', '--timeout', '1']);
  const { page } = await openConsole(browser, running.console);
  await invoke(page, { forever: true }, 1);
  const bar = page.locator('.bar.deadline');
  await bar.locator('.deadline-mark').waitFor({ state: 'attached' });
  await page.locator('.thread-end[data-cause=deadline]').waitFor({ state: 'attached' });
  await bar.first().dispatchEvent('click');
  const timing = (name: string) =>
    page.locator('.timings div', { has: page.getByText(name, { exact: true }) }).locator('dd');
  await expect.poll(() => timing('caller').textContent(), POLL_OPTIONS).toMatch(/^timed out at [\d.]+ m?s$/);
  await expect
    .poll(() => timing('handler').textContent(), POLL_OPTIONS)
    .toMatch(/^thread taken at [\d.]+ s$/);
  await page.locator('.detail-outcome + .detail-error', { hasText: /did not settle|timed out/ }).waitFor();
  await keepPicture(page, 'console-deadline');
  await running.local.interrupt();
  await page.getByText('connection lost').waitFor();
  await page.close();
});

it.each(['light', 'dark'] as const)('saves a screenshot of a busy console: %s', async (colours) => {
  await using running = await startFunction(['--concurrency', '4', '--timeout', '60'], {
    AWS_LAMBDA_FUNCTION_NAME: 'thumbnails',
  });
  const { page } = await openConsole(browser, running.console, colours);
  const spin = (spinMs: number, more: object) =>
    invoke(page, { spinMs, log: [`making a picture of ${spinMs} px`], ...more }, 1);
  await invoke(page, { spinMs: 150, log: ['making a picture of 150 px'] }, 12);
  await page.getByText('12 of 12 done').waitFor();
  for (const [index, spinMs] of [420, 180, 240, 300].entries()) {
    await spin(
      spinMs,
      [{}, { fail: 'no such picture' }, {}, { crash: 'an error of an old timer' }][index] ?? {},
    );
  }
  await page.locator('.bar.crash').waitFor();
  await page.locator('.dot.ready').nth(3).waitFor();
  await spin(330, {});
  await spin(200, { warn: 'this picture is large' });
  await page.locator('.log-line', { hasText: 'this picture is large' }).waitFor();
  await page.locator('.facts', { hasText: /in flight\s*0/ }).waitFor();
  // The bar moves, and the mouse might miss it.
  await page.locator('.lane .bar.error').first().dispatchEvent('click');
  await page.getByLabel('Answer').getByText('no such picture').waitFor();
  await invoke(page, { spinUntil: running.gate('picture'), log: ['making a large picture'] }, 7, 7);
  await page.locator('.bar.open:not(.wait)').nth(3).waitFor();
  await page
    .locator('#event')
    .fill(JSON.stringify({ bucket: 'pictures', key: 'one.jpg', width: 1200 }, null, 2));
  await page.locator('h1').click();
  // The bars that are open grow long enough to be seen.
  const growing = page.locator('.bar.open:not(.wait)').first();
  await expect.poll(async () => (await growing.boundingBox())?.width, POLL_OPTIONS).toBeGreaterThan(120);
  await keepPicture(page, `console-${colours}`);
  await running.open('picture');
  await page.close();
});
