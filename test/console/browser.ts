import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';

/** The path of Chromium: Debian's, unless the variable names another one. */
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const PICTURES = fileURLToPath(new URL('../../test-output/', import.meta.url));

/** Viewports of a phone, a tablet, a laptop and a large screen: width and height. */
export const VIEWPORTS = [
  [390, 844],
  [768, 1024],
  [1366, 768],
  [1920, 1080],
] as const;

export async function launchBrowser(): Promise<Browser> {
  if (!existsSync(CHROMIUM)) {
    throw new Error(
      `There is no ${CHROMIUM}. Install it (Debian: apt-get install chromium), or set CHROMIUM to where one is.`,
    );
  }
  // Chromium's sandbox needs rights that root in a container does not have. It only opens our own page.
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
}

/** A page that shows the console, and what the page should not have done. */
export interface Watched {
  readonly page: Page;
  /** The errors and warnings in the browser's console. */
  readonly complaints: string[];
  /** The URLs that the page has requested from other hosts. */
  readonly strangers: string[];
}

export async function openConsole(
  browser: Browser,
  url: string,
  colorScheme: 'light' | 'dark' = 'light',
  viewport = { width: 1280, height: 800 },
): Promise<Watched> {
  const page = await browser.newPage({ viewport, colorScheme });
  page.setDefaultTimeout(60_000);
  const complaints: string[] = [];
  const strangers: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    const { host, protocol } = new URL(request.url());
    if (protocol !== 'data:' && host !== new URL(url).host) strangers.push(request.url());
  });
  await page.goto(url);
  await page.getByText('live', { exact: true }).waitFor();
  return { page, complaints, strangers };
}

/** Saves a screenshot of the window, or of the whole page, among the artifacts of CI. */
export async function keepPicture(page: Page, name: string, fullPage = false): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: `${PICTURES}${name}.png`, fullPage });
}
