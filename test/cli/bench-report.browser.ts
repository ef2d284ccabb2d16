import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BenchRecord } from '../../src/cli/bench/comparison.ts';
import type { AtRate } from '../../src/cli/bench/measurement.ts';
import { htmlReport } from '../../src/cli/bench/html-report.ts';
import { Tally } from '../../src/cli/bench/tally.ts';
import { VIEWPORTS, keepPicture, launchBrowser } from '../console/browser.ts';
import { faultsOf } from '../console/page-steps.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import type { TaskRoot } from '../helpers/task-root.ts';
import { COMPUTING, WAITING, madeUpComparison, withAll } from './made-up-measurements.ts';
import type { MadeUp } from './made-up-measurements.ts';

const LONG_ERROR = `Error: ${'connect ECONNREFUSED 127.0.0.1:5432 '.repeat(8)}${'x'.repeat(200)}`;

const LATENCY = { mean: 105, p50: 103, p90: 120, p99: 150, max: 180 };

const RATES: readonly AtRate[] = [
  { perSecond: 5, latencyMs: LATENCY, answers: { total: 60, failed: 0 }, cpuCores: 0.2 },
  { perSecond: 10_000, tooMuch: true },
];

const RECORDS = {
  computing: madeUpComparison(withLatencies(COMPUTING)),
  'waiting, with rates and a profile': withProfile(
    madeUpComparison(withAll(withLatencies(WAITING), { loadCore: 0.9, rates: RATES })),
  ),
  'unreliable, without a recommendation': withFirstError(
    madeUpComparison(withAll(withLatencies(COMPUTING), { others: 0.5, failed: 50 })),
  ),
  'sizes close to each other': madeUpComparison(
    withLatencies(
      [12, 14, 15, 16, 17, 20, 64].map((slots) => ({ slots, perSecond: 1_234_567 * slots, cpuMs: 0.01 })),
    ),
    16,
  ),
} satisfies Record<string, BenchRecord>;

const CASES = VIEWPORTS.flatMap(([width, height]) =>
  (['light', 'dark'] as const).flatMap((colours) =>
    Object.keys(RECORDS).map((name) => [width, height, colours, name as keyof typeof RECORDS] as const),
  ),
);

let browser: Browser;
let root: TaskRoot;
beforeAll(async () => {
  root = await makeTaskRoot(
    Object.fromEntries(Object.entries(RECORDS).map(([name, record]) => [`${name}.html`, htmlReport(record)])),
  );
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await root?.[Symbol.asyncDispose]();
});

async function open(
  name: keyof typeof RECORDS,
  [width, height]: readonly [number, number] = VIEWPORTS[2],
  colorScheme: 'light' | 'dark' = 'light',
): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme });
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!request.isNavigationRequest()) complaints.push(request.url());
  });
  await page.goto(pathToFileURL(`${root.path}/${name}.html`).href);
  return { page, complaints };
}

describe('the report of bench', () => {
  it.each(CASES)(
    '%d × %d, %s, %s: nothing overlaps or scrolls sideways, all labels can be read, and axe finds nothing',
    async (width, height, colours, name) => {
      const { page, complaints } = await open(name, [width, height], colours);
      expect(await page.evaluate(MISFITS)).toEqual([]);
      expect(await faultsOf(page)).toEqual([]);
      await keepPicture(page, `bench-${name.split(/\W/)[0]}-${width}-${colours}`, true);
      expect(complaints).toEqual([]);
      await page.close();
    },
  );

  it.each(VIEWPORTS.slice(1))('%d × %d: throughput and p99 stand side by side', async (...size) => {
    const { page } = await open('computing', size);
    const tops = await page.evaluate<number[]>(
      `[...document.querySelectorAll('figure')].slice(0, 2).map((each) => each.getBoundingClientRect().top)`,
    );
    expect(tops[0]).toBe(tops[1]);
    await page.close();
  });

  it('marks the recommended size in each plot, in the table and at its distribution', async () => {
    const { page } = await open('computing');
    const plots = page.locator('figure:has(.mark)');
    expect(await plots.count()).toBe(5);
    for (const plot of await plots.all()) {
      const label = await plot.locator('text.marked').boundingBox();
      const line = await plot.locator('path.mark').first().boundingBox();
      expect(await plot.locator('text.marked').textContent()).toBe('2');
      expect(middle(line)).toBeCloseTo(middle(label), 0);
      expect(await plot.locator('.legend li').last().textContent()).toBe('recommended');
    }
    expect(await page.locator('tr', { hasText: '◀ recommended' }).locator('td').first().textContent()).toBe(
      '2',
    );
    expect(await page.locator('figcaption', { hasText: '2 slots (recommended)' }).count()).toBe(1);
    await page.close();
  });

  it('names each line of a plot in words, and no two lines look the same', async () => {
    const { page } = await open('waiting, with rates and a profile');
    const plots = await drawnPlots(page);
    expect(plots.length).toBeGreaterThan(5);
    for (const { lines, legend } of plots) {
      expect(legend.map(([look]) => look).slice(0, -1)).toEqual(lines);
      expect(new Set(legend.map(([look]) => look)).size).toBe(legend.length);
      for (const [, words] of legend) expect(words).toMatch(/^[a-z]\w+/);
    }
    await page.close();
  });

  it.each(['light', 'dark'] as const)('%s: draws p99 in red, and p50 in blue', async (colours) => {
    const { page } = await open('computing', VIEWPORTS[2], colours);
    const plots = await drawnPlots(page);
    const legend = plots.find(({ title }) => title.startsWith('Latency'))?.legend;
    const [p50, p99] = ['p50', 'p99'].map((words) => {
      const look = legend?.find((each) => each[1] === words)?.[0] ?? '';
      return /rgb\((\d+), (\d+), (\d+)\)/.exec(look)?.slice(1).map(Number) ?? [];
    });
    expect(p50?.indexOf(Math.max(...p50))).toBe(2);
    expect(p99?.indexOf(Math.max(...p99))).toBe(0);
    await page.close();
  });

  it('has a section for caveats, and puts UNRELIABLE directly after the title', async () => {
    const { page } = await open('waiting, with rates and a profile');
    expect(await headings(page)).toEqual([
      'Slots for handler.ts',
      'Recommended',
      'Caveats',
      'Sizes',
      'Measured',
      'Efficiency and cost',
      'Distribution of latencies',
      'CPU profile',
    ]);
    await page.close();
    const { page: other } = await open('unreliable, without a recommendation');
    expect((await headings(other)).slice(0, 3)).toEqual([
      'Slots for handler.ts',
      'UNRELIABLE',
      'Recommended',
    ]);
    expect(await other.locator('.unreliable li').first().textContent()).toMatch(
      /^FAILURES: 200 of 400 .*Error: connect/,
    );
    expect(await other.getByText('No recommendation. Too many invocations failed').count()).toBe(1);
    await other.close();
  });
});

function headings(page: Page): Promise<string[]> {
  return page.locator('h1, h2').allTextContents();
}

function middle(box: { readonly x: number; readonly width: number } | null): number {
  return box === null ? Number.NaN : box.x + box.width / 2;
}

interface Drawn {
  readonly title: string;
  /** How the lines look: colour, dashes, and whether their points are filled. */
  readonly lines: readonly string[];
  readonly legend: ReadonlyArray<readonly [look: string, words: string]>;
}

function drawnPlots(page: Page): Promise<Drawn[]> {
  return page.evaluate<Drawn[]>(`{
    const look = (element) => {
      const { stroke, strokeDasharray } = getComputedStyle(element.querySelector('path'));
      const circle = element.querySelector('circle');
      const fill = circle === null ? 'no points' : getComputedStyle(circle).fill;
      return [stroke, strokeDasharray, fill === stroke ? 'filled' : fill].join(' ');
    };
    [...document.querySelectorAll('figure:has(.legend)')].map((plot) => ({
      title: plot.querySelector('figcaption').textContent,
      lines: [...plot.querySelectorAll(':scope > svg > g')].map(look),
      legend: [...plot.querySelectorAll('.legend li')].map((each) => [look(each), each.textContent]),
    }));
  }`);
}

/** Lists what does not fit, from the bounding boxes of the drawn elements. */
const MISFITS = `{
  const found = [];
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) found.push('the page is ' + wide + ' px too wide');
  const name = (element) => element.tagName.toLowerCase() + '.' + element.getAttribute('class') + ' ' + element.textContent.trim().slice(0, 40);
  const sticksOut = (box, around) => box.left < around.left - 1 || box.right > around.right + 1 || box.top < around.top - 1 || box.bottom > around.bottom + 1;
  const check = (elements, around) => {
    elements.forEach((element, index) => {
      const box = element.getBoundingClientRect();
      if (sticksOut(box, around.getBoundingClientRect())) found.push(name(element) + ' sticks out of ' + name(around));
      for (const other of elements.slice(index + 1)) {
        const its = other.getBoundingClientRect();
        const across = Math.min(box.right, its.right) - Math.max(box.left, its.left);
        const down = Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top);
        if (across > 0.5 && down > 0.5) found.push(name(element) + ' overlaps ' + name(other));
      }
    });
  };
  for (const group of document.querySelectorAll('body, main, ul, .plots, figure, .legend, thead tr')) check([...group.children], group);
  for (const drawing of document.querySelectorAll('svg')) {
    const labels = [...drawing.querySelectorAll('text')];
    check(labels, drawing);
    for (const label of labels) {
      const { height } = label.getBoundingClientRect();
      if (height < 10) found.push(name(label) + ' is only ' + height + ' px high');
    }
  }
  // The other tables scroll by themselves.
  for (const table of document.querySelectorAll('.scroll:has(.settings)')) {
    if (table.scrollWidth > table.clientWidth) found.push(name(table) + ' is cut off');
  }
  for (const frame of document.querySelectorAll('.flame g:has(text)')) {
    const [rect, text] = ['rect', 'text'].map((each) => frame.querySelector(each).getBoundingClientRect());
    if (text.left < rect.left || text.right > rect.right + 1) found.push(name(frame) + ' sticks out of its frame');
  }
  [...new Set(found)];
}`;

/** Adds latencies as the load generator would have recorded them. */
function withLatencies(some: readonly MadeUp[]): MadeUp[] {
  return some.map((each) => {
    const tally = new Tally();
    const mean = (each.slots * 1000) / each.perSecond;
    for (let index = 0; index < 100; index += 1) tally.add(mean * (1 + (index % 10) ** 3 / 1000), undefined);
    return { ...each, histogram: tally.histogram };
  });
}

function withFirstError(record: BenchRecord): BenchRecord {
  return {
    ...record,
    problems: record.problems.map((problem) => problem.replace('TypeError: no', LONG_ERROR)),
  };
}

function withProfile(record: BenchRecord): BenchRecord {
  const node = (name: string, line: number, selfMs: number, children: NodeOf[] = []): NodeOf => ({
    name,
    url: `file:///home/ada/projects/pictures/node_modules/@scope/package/lib/${name}.js`,
    line,
    selfMs,
    totalMs: children.reduce((sum, { totalMs }) => sum + totalMs, selfMs),
    children,
  });
  const deep = node('resizeWithAVeryLongName', 12, 800, [node('decode', 40, 300), node('a', 1, 5)]);
  const tree = node('(all)', 0, 10, [node('handler', 3, 100, [deep]), node('(program)', 0, 900)]);
  return {
    ...record,
    profile: {
      setup: { slots: 128, threads: 2 },
      seconds: 3,
      busyMs: tree.totalMs,
      functions: [deep, ...deep.children].map(({ name, url, line, selfMs, totalMs }) => ({
        name,
        url,
        line,
        selfMs,
        totalMs,
      })),
      tree,
      missing: ['thread 2: it had ended'],
    },
  };
}

type NodeOf = NonNullable<BenchRecord['profile']>['tree'];
