import { readFile } from 'node:fs/promises';
import type { Download, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ThreadCpuProfile } from '../../src/index.ts';
import { callTree, functionTimes } from '../../src/profiling/call-tree.ts';
import { POLL_OPTIONS } from '../helpers/start-runtime.ts';
import { keepPicture } from './browser.ts';
import { faultsOf, invoke } from './page-steps.ts';
import { showFunction } from './shown-function.ts';
import type { ShownFunction } from './shown-function.ts';

describe('the profile of a function that computes', () => {
  let shown: ShownFunction;
  let page: Page;

  beforeAll(async () => {
    shown = await showFunction(['--concurrency', '2', '--timeout', '120']);
    ({ page } = shown);
    await page.getByText('Nothing has been invoked yet').waitFor();
    await page.locator('.lane[data-thread]').nth(1).waitFor();
    await invoke(page, { crunchUntil: shown.running.gate('crunched') }, 1);
    await page.locator('.bar.open').waitFor();
    await page.getByRole('button', { name: 'Profile (5 s)' }).click();
    await page.getByText('Profiling for 5 seconds').waitFor();
    await page.locator('.frame[data-function=crunch]').first().waitFor();
  });
  afterAll(() => shown[Symbol.asyncDispose]());

  it('the hot function has the widest frame, and is the first in the table', async () => {
    const thread = await busyThread(page);
    await page.locator('#profile-thread').selectOption(thread);
    const frames = await page.locator('.frame').evaluateAll((all) =>
      all.map((frame) => ({
        name: frame.getAttribute('data-function'),
        level: Number(frame.getAttribute('aria-level')),
        width: frame.getBoundingClientRect().width,
      })),
    );
    const crunch = frames.filter(({ name }) => name === 'crunch').toSorted((a, b) => b.width - a.width)[0];
    const beside = frames.filter(({ level, name }) => level === crunch?.level && name !== 'crunch');
    expect(crunch?.width).toBeGreaterThan((frames[0]?.width ?? 0) / 2);
    for (const { width } of beside) expect(width).toBeLessThan(crunch?.width ?? 0);
    const first = page.locator('.function-table tbody tr').first();
    expect(await first.locator('th').textContent()).toBe('crunch');
    expect(await first.locator('td').last().textContent()).toMatch(/\/index\.mjs:\d+$/);
    await keepPicture(page, 'console-profile');
  });

  it('the search finds the hot function, and shows its share of the time', async () => {
    await page.locator('#profile-search').fill('CRUNCH');
    await page.getByText(/^Found: \d+ % of the time$/).waitFor();
    const found = page.locator('.frame.found');
    expect(await found.evaluateAll((all) => all.map((each) => each.getAttribute('data-function')))).toContain(
      'crunch',
    );
    expect(await page.locator('.frame:not(.found):not(.dimmed)').count()).toBe(0);
    const said = (await page.getByText(/^Found:/).textContent()) ?? '';
    expect(Number(/\d+/.exec(said)?.[0])).toBeGreaterThan(50);
    await page.locator('#profile-search').fill('no such function');
    await page.getByText('Found: 0 % of the time').waitFor();
    await page.getByText('No function has these letters.').waitFor();
    await page.locator('#profile-search').fill('');
  });

  it('the keyboard moves to the hot function and widens it', async () => {
    const flame = page.getByRole('tree', { name: 'Call paths' });
    await flame.focus();
    const current = async () => {
      const id = (await flame.getAttribute('aria-activedescendant')) ?? '';
      return (await page.locator(`#${id}`).getAttribute('aria-label')) ?? '';
    };
    await flame.press('Home');
    for (let level = 0; level < 30 && !(await current()).startsWith('crunch,'); level += 1)
      await flame.press('ArrowDown');
    expect(await current()).toMatch(/^crunch, .*index\.mjs:\d+, total .*, \d+ %, self /);
    await flame.press('Enter');
    await expect
      .poll(() => page.locator('#frame-0').getAttribute('data-function'), POLL_OPTIONS)
      .toBe('crunch');
    await flame.press('Backspace');
    await expect
      .poll(() => page.locator('#frame-0').getAttribute('data-function'), POLL_OPTIONS)
      .toBe('(all)');
    await page.locator('.frame[data-function=crunch]').first().click();
    await page.getByRole('button', { name: 'Show all' }).click();
    await expect
      .poll(() => page.locator('#frame-0').getAttribute('data-function'), POLL_OPTIONS)
      .toBe('(all)');
  });

  it('is accessible in light and dark', async () => {
    for (const theme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: theme });
      expect(await faultsOf(page)).toEqual([]);
      await keepPicture(page, `console-profile-${theme}`);
    }
    await page.emulateMedia({ colorScheme: 'light' });
  });

  it('is downloaded as a .cpuprofile, whose samples add up', async () => {
    const thread = await page.locator('#profile-thread').inputValue();
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download .cpuprofile' }).click();
    expect((await download).suggestedFilename()).toBe(`${thread}.cpuprofile`);
    const profile = await contentOf<ThreadCpuProfile>(await download);
    const wholeMs = (profile.endTime - profile.startTime) / 1_000;
    const tree = callTree([profile]);
    const times = functionTimes(tree);
    expect(times[0]?.name).toBe('crunch');
    expect(tree.totalMs).toBeLessThanOrEqual(wholeMs * 1.01);
    expect(tree.totalMs).toBeGreaterThan(wholeMs / 2);
    const selfMs = times.reduce((sum, each) => sum + each.selfMs, 0);
    expect(selfMs).toBeCloseTo(tree.totalMs, 3);
    expect(profile.invocations).toHaveLength(1);
  });

  it('the heap snapshot of a thread can be downloaded', async () => {
    await page.locator('#heap-thread').selectOption('thread 1');
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download .heapsnapshot' }).click();
    expect((await download).suggestedFilename()).toBe('thread-1.heapsnapshot');
    const { snapshot } = await contentOf<{ snapshot: { node_count: number } }>(await download);
    expect(snapshot.node_count).toBeGreaterThan(1_000);
  });

  it('closes, without console warnings or requests to other hosts', async () => {
    await page.getByRole('dialog', { name: 'CPU profile' }).getByRole('button', { name: 'Close' }).click();
    await expect.poll(() => page.getByRole('dialog').count(), POLL_OPTIONS).toBe(0);
    await shown.running.open('crunched');
    await page.locator('.lane .bar.response').first().waitFor({ state: 'attached' });
    expect(shown.watched.complaints).toEqual([]);
    expect(shown.watched.strangers).toEqual([]);
  });
});

/** The thread that the invocation is on, as the list names it. */
async function busyThread(page: Page): Promise<string> {
  const lane = page.locator('.lane[data-thread]', { has: page.locator('.bar.open') });
  return `thread-${await lane.getAttribute('data-thread')}`;
}

async function contentOf<Content>(download: Download): Promise<Content> {
  return JSON.parse(await readFile(await download.path(), 'utf8')) as Content;
}
