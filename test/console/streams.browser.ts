import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keepPicture } from './browser.ts';
import { invoke } from './page-steps.ts';
import { showFunction } from './shown-function.ts';
import type { ShownFunction } from './shown-function.ts';

describe('the page of a function that streams', () => {
  let shown: ShownFunction;
  let page: Page;
  beforeAll(async () => {
    shown = await showFunction(['--concurrency', '2'], {}, { handler: 'index.stream' });
    ({ page } = shown);
  });
  afterAll(() => shown?.[Symbol.asyncDispose]());
  const answer = () => page.getByLabel('Answer', { exact: true }).textContent();
  const ran = () => page.locator('.timings div', { hasText: 'handler ran' }).locator('dd').textContent();

  it('shows a stream as running until it ends, then what was streamed', async () => {
    const head = { statusCode: 418, headers: { 'content-type': 'text/plain' } };
    await invoke(page, { head, parts: ['a line of text\n'], holdUntil: shown.running.gate('end') }, 1);
    await page.locator('.bar.open:not(.wait)').waitFor();
    await page.locator('.bar.open:not(.wait)').dispatchEvent('click');
    await page.getByText('streaming since').waitFor();
    expect(await ran()).toBe('–');
    await shown.running.open('end');
    await page.locator('.bar.response').waitFor({ state: 'attached' });
    await page.getByLabel('Answer', { exact: true }).waitFor();
    expect(await answer()).toBe(`${JSON.stringify(head, null, 2)}\n\na line of text\nthe end`);
    expect(await ran()).not.toBe('–');
    await page.getByRole('img', { name: /^Bytes over time: first bytes after .* after / }).waitFor();
    await keepPicture(page, 'console-stream');
  });

  it('shows an error that follows the first bytes', async () => {
    await invoke(page, { parts: ['part'], fail: 'in the middle' }, 1);
    await page.locator('.bar.error').waitFor({ state: 'attached' });
    await page.locator('.bar.error').dispatchEvent('click');
    await page.getByLabel('Answer', { exact: true }).getByText('in the middle').waitFor();
  });

  it('causes no console warnings and no requests to other hosts', () => {
    expect(shown.watched).toMatchObject({ complaints: [], strangers: [] });
  });
});
