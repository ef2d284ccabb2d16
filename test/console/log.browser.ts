import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { POLL_OPTIONS } from '../helpers/start-runtime.ts';
import { invoke } from './page-steps.ts';
import { showFunction } from './shown-function.ts';
import type { ShownFunction } from './shown-function.ts';

describe('the log on the page', () => {
  let shown: ShownFunction;
  let page: Page;
  beforeAll(async () => {
    shown = await showFunction(['--concurrency', '2', '--timeout', '120']);
    ({ page } = shown);
  });
  afterAll(() => shown?.[Symbol.asyncDispose]());

  it('shows and filters by the level of lines, also of lines that are cut off and of pino’s', async () => {
    const levels = page.locator('.log-line .log-level');
    await invoke(
      page,
      { log: ['harmless'], warn: 'long '.repeat(2000), write: ['{"level":50,"msg":"in numbers"}'] },
      1,
    );
    await expect.poll(() => levels.allTextContents(), POLL_OPTIONS).toEqual(['INFO', 'WARN', 'ERROR']);
    await page.getByLabel('from level').selectOption('WARN');
    await expect.poll(() => levels.allTextContents(), POLL_OPTIONS).toEqual(['WARN', 'ERROR']);
    await page.getByLabel('from level').selectOption('TRACE');
  });

  it('keeps the lines that are being read in place while more arrive than the page retains', async () => {
    await shown.running.local.invoke({ log: numbered('line', 400) });
    await page.locator('.log-line', { hasText: 'line 400' }).waitFor();
    await page.evaluate('document.querySelector(".log-list").scrollTop = 1000');
    await page.getByRole('button', { name: 'Follow', pressed: false }).waitFor();
    const before = await page.evaluate(FIRST_SEEN);
    await shown.running.local.invoke({ log: numbered('more', 50) });
    await page.getByText(/, 50 newer$/).waitFor();
    expect(await page.evaluate(FIRST_SEEN)).toEqual(before);
    await shown.running.local.invoke({ log: numbered('much more', 1100) });
    await page.getByText(/, 1150 newer$/).waitFor();
    expect(await page.evaluate(FIRST_SEEN)).toEqual(before);
    await page.getByRole('button', { name: 'Follow' }).click();
    await page.locator('.log-line', { hasText: 'much more 1100' }).waitFor();
    await expect.poll(() => page.evaluate(IS_AT_END), POLL_OPTIONS).toBe(true);
  });

  it('causes no console warnings and no requests to other hosts', () => {
    expect(shown.watched).toMatchObject({ complaints: [], strangers: [] });
  });
});

function numbered(what: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${what} ${index + 1}`);
}

/** The line at the top, and how far above the edge it begins. */
const FIRST_SEEN = `{
  const list = document.querySelector('.log-list');
  const { top } = list.getBoundingClientRect();
  const line = [...list.querySelectorAll('.log-line')].find(
    (each) => each.getBoundingClientRect().bottom > top,
  );
  [line.dataset.line, Math.round(line.getBoundingClientRect().top - top)];
}`;

const IS_AT_END = `{
  const { scrollTop, scrollHeight, clientHeight } = document.querySelector('.log-list');
  scrollHeight - scrollTop - clientHeight < 2;
}`;
