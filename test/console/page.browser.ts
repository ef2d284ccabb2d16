import type { Browser, Page, Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, openConsole, keepPicture } from './browser.ts';
import type { Watched } from './browser.ts';
import { faultsOf, invoke } from './page-steps.ts';
import { startFunction } from './function.ts';
import type { ConsoleFunction } from './function.ts';
import { POLL_OPTIONS } from '../helpers/start-runtime.ts';

const SIZES = [
  [1280, 800],
  [1100, 700],
  [800, 900],
] as const;
const SAMPLES = [
  ['API Gateway, HTTP API', '"version": "2.0"'],
  ['API Gateway, REST API', '"httpMethod"'],
  ['S3, object created', '"aws:s3"'],
  ['SQS, two messages', '"aws:sqs"'],
] as const;

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

describe('the page', () => {
  let running: ConsoleFunction;
  let watched: Watched;
  let page: Page;
  beforeAll(async () => {
    running = await startFunction(['--concurrency', '4', '--timeout', '120']);
    watched = await openConsole(browser, running.console);
    ({ page } = watched);
    // Older bars are not drawn, and the machine may be slow.
    await page.getByLabel('shows').selectOption('30 s');
  });
  afterAll(() => running[Symbol.asyncDispose]());

  it('says what to do when nothing has been invoked', async () => {
    await page.getByText('Nothing has been invoked yet').waitFor();
    await page.locator('.lane[data-thread]').nth(3).waitFor();
    await keepPicture(page, 'console-empty');
  });

  it('shows four lanes with overlapping bars while four invocations compute', async () => {
    await invoke(page, { spinUntil: running.gate('four'), log: ['computing'] }, 4);
    await page.locator('.bar.open').nth(3).waitFor();
    const lanes = page.locator('.lane[data-thread]');
    expect(await lanes.count()).toBe(4);
    const boxes = await Promise.all(
      [0, 1, 2, 3].map(async (lane) => (await lanes.nth(lane).locator('.bar.open').boundingBox()) as Box),
    );
    const begin = Math.max(...boxes.map(({ x }) => x));
    const end = Math.min(...boxes.map(({ x, width }) => x + width));
    expect(begin).toBeLessThan(end);
    const tops = boxes.map(({ y }) => y);
    expect(tops).toEqual([...new Set(tops)].toSorted((a, b) => a - b));
    await running.open('four');
    await page.locator('.lane .bar.response').nth(3).waitFor();
    expect(await page.locator('.bar.open').count()).toBe(0);
  });

  it('shows a summary of an invocation when its bar is hovered, and all details on a click', async () => {
    const bar = page.locator('.lane .bar.response').first();
    const requestId = (await bar.getAttribute('data-request')) ?? '';
    await page.getByRole('button', { name: 'Pause' }).click();
    await bar.hover({ force: true });
    await page.locator('.tooltip', { hasText: requestId }).waitFor();
    await bar.click({ force: true });
    const detail = page.getByRole('region', { name: 'Invocation', exact: true });
    await detail.getByText(requestId).waitFor();
    expect(await detail.getByLabel('Event', { exact: true }).textContent()).toContain('"spinUntil"');
    expect(await detail.getByLabel('Answer', { exact: true }).textContent()).toContain('"answered": "yes"');
    expect(await detail.getByLabel('Log lines').textContent()).toBe('computing');
    await detail.getByText('handler ran').waitFor();
    await page.getByRole('button', { name: 'Go live' }).click();
    await page.mouse.move(0, 0);
  });

  it('shows a crashed thread, and its replacement in the same lane', async () => {
    await invoke(page, { crash: 'as asked for' }, 1);
    const end = page.locator('.thread-end.fault');
    await end.waitFor({ state: 'attached' });
    expect(await end.getAttribute('data-cause')).toBe('uncaughtError');
    const lost = await end.getAttribute('data-ended');
    await page.locator('.bar.crash').waitFor({ state: 'attached' });
    const lane = page.locator('.lane[data-thread]', { has: end });
    await lane.locator('.dot.ready').waitFor();
    expect(await lane.getAttribute('data-thread')).not.toBe(lost);
    expect(await page.locator('.lane[data-thread]').count()).toBe(4);
    await page.locator('.log-line.ERROR', { hasText: `Thread ${lost} is replaced` }).waitFor();
  });

  it('shows the bars of a burst that the form starts', async () => {
    await invoke(page, { log: ['one of many'] }, 25, 6);
    await page.getByText('25 of 25 done').waitFor();
    await page.locator('.lane .bar.response[role=option]').nth(24).waitFor({ state: 'attached' });
  });

  it('counts and marks refused calls', async () => {
    expect(await page.getByText('refused (429)').count()).toBe(0);
    await invoke(page, { holdUntil: running.gate('full') }, 4);
    await page.locator('.bar.open').nth(3).waitFor();
    expect((await fetch(`${running.local.url}/`)).status).toBe(429);
    await page.locator('.facts div', { hasText: /^refused \(429\)\s*1$/ }).waitFor();
    await page.locator('.refusal-mark').waitFor({ state: 'attached' });
    await running.open('full');
    await page.getByText('4 of 4 done').waitFor();
  });

  it('the form offers samples, accepts only JSON, and marks the line of an error', async () => {
    for (const [name, text] of SAMPLES) {
      await page.getByLabel('sample').selectOption(name);
      expect(await page.locator('#event').inputValue()).toContain(text);
    }
    const invokes = page.getByRole('button', { name: 'Invoke' });
    await page.locator('#event').fill('{\n  "a": 1,\n}');
    expect(await invokes.isDisabled()).toBe(true);
    await page.getByText(/^not JSON: .*double-quoted property name/).waitFor();
    expect(await page.locator('.gutter .faulty').textContent()).toBe('3');
    await page.locator('#event').fill('{"a":1}');
    await page.getByRole('button', { name: 'Format' }).click();
    expect(await page.locator('#event').inputValue()).toBe('{\n  "a": 1\n}');
    expect(await invokes.isDisabled()).toBe(false);
  });

  it.each(['0', '10001', ''])('Ctrl+Enter does not invoke %j times', async (times) => {
    const sent: string[] = [];
    const onRequest = (request: Request) => sent.push(request.method());
    await page.locator('#event').fill('{}');
    await page.getByLabel('times').fill(times);
    page.on('request', onRequest);
    await page.locator('#event').press('Control+Enter');
    await expect.poll(() => page.evaluate('document.activeElement?.id'), POLL_OPTIONS).toBe('count');
    page.off('request', onRequest);
    expect(sent).not.toContain('POST');
    await page.getByLabel('times').fill('1');
  });

  it('filters the log by words and by level', async () => {
    await invoke(page, { log: ['a red apple', 'a green pear'], warn: 'a red pear' }, 1);
    await page.locator('.log-line', { hasText: 'a red pear' }).waitFor();
    const shown = () => page.locator('.log-line .log-text').allTextContents();
    const filter = page.getByLabel('Filter the log');
    await filter.fill('pear');
    await expect.poll(shown, POLL_OPTIONS).toEqual(['a green pear', 'a red pear']);
    await filter.fill('RED pear');
    await expect.poll(shown, POLL_OPTIONS).toEqual(['a red pear']);
    await filter.fill('a');
    await page.getByLabel('from level').selectOption('WARN');
    await expect.poll(async () => (await shown()).at(-1), POLL_OPTIONS).toBe('a red pear');
    expect(await shown()).not.toContain('a red apple');
    await filter.fill('nowhere');
    await page.getByText('No line has these words').waitFor();
    await filter.fill('');
    await page.getByLabel('from level').selectOption('TRACE');
  });

  it('can be used with the keyboard alone', async () => {
    const focused = () => page.evaluate('document.activeElement?.id');
    await page.locator('h1').click();
    await page.keyboard.press('i');
    expect(await focused()).toBe('event');
    await page.keyboard.press('Control+a');
    await page.keyboard.type('{"answer":"by keyboard"}');
    await page.keyboard.press('Control+Enter');
    await page.getByText('"answered": "by keyboard"').waitFor();
    await page.locator('h1').click();
    await page.keyboard.press('l');
    expect(await focused()).toBe('lanes');
    const selected = () => page.locator('[role=option][aria-selected=true]').getAttribute('data-request');
    const last = await selected();
    expect(await page.locator('#lanes').getAttribute('aria-activedescendant')).toBe(`bar-${last}`);
    await page.keyboard.press('ArrowLeft');
    const before = await selected();
    expect(before).not.toBe(last);
    await page.keyboard.press('ArrowRight');
    expect(await selected()).toBe(last);
    await page.keyboard.press('Home');
    expect(await selected()).not.toBe(last);
    await page.keyboard.press('End');
    expect(await selected()).toBe(last);
    await page.keyboard.press('Escape');
    expect(await page.locator('[role=option][aria-selected=true]').count()).toBe(0);
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    expect(await focused()).toBe('detail');
    await page.keyboard.press('/');
    expect(await focused()).toBe('log-filter');
    await page.locator('h1').click();
    await page.keyboard.press('?');
    const dialog = page.getByRole('dialog', { name: 'Keys' });
    await dialog.waitFor();
    const told = (await dialog.locator('kbd').allTextContents()).join(' ').split(' ');
    expect(told).toEqual(expect.arrayContaining(['Home', 'End', 'Escape']));
    await page.keyboard.press('Escape');
    // The browser closes the dialog after the key. Until then, the dialog receives the keys.
    await dialog.waitFor({ state: 'hidden' });
    const pause = page.getByRole('button', { name: /^(Pause|Go live)$/ });
    const wasPaused = await pause.getAttribute('aria-pressed');
    await page.keyboard.press('p');
    await expect.poll(() => pause.getAttribute('aria-pressed'), POLL_OPTIONS).not.toBe(wasPaused);
    await page.keyboard.press('p');
    await expect.poll(() => pause.getAttribute('aria-pressed'), POLL_OPTIONS).toBe(wasPaused);
  });

  it.each(SIZES)('fits a window of %d × %d', async (width, height) => {
    await page.setViewportSize({ width, height });
    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(overflow).toBeLessThanOrEqual(0);
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  it('has no faults that axe finds, empty or full, light or dark, with the keys shown or not', async () => {
    expect(await faultsOf(page)).toEqual([]);
    await page.getByLabel('Colours').selectOption('dark');
    expect(await faultsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'Keys' }).click();
    expect(await faultsOf(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByLabel('Colours').selectOption('auto');
    await using other = await startFunction([]);
    const empty = await openConsole(browser, other.console, 'dark');
    expect(await faultsOf(empty.page)).toEqual([]);
    await empty.page.close();
  });

  it('causes no console warnings and no requests to other hosts', () => {
    expect(watched).toMatchObject({ complaints: [], strangers: [] });
  });
});
