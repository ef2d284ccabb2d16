import type { Page } from 'playwright-core';
import { launchBrowser, openConsole } from './browser.ts';
import type { Watched } from './browser.ts';
import { startFunction } from './function.ts';
import type { ConsoleFunction } from './function.ts';

/** A function in local mode, and its console in a browser of its own. */
export interface ShownFunction extends AsyncDisposable {
  readonly running: ConsoleFunction;
  readonly watched: Watched;
  readonly page: Page;
}

/** Takes what `startFunction` takes. Nothing is left running when it rejects. */
export async function showFunction(...given: Parameters<typeof startFunction>): Promise<ShownFunction> {
  const browser = await launchBrowser();
  let running: ConsoleFunction | undefined;
  const close = async () => {
    await browser.close();
    await running?.[Symbol.asyncDispose]();
  };
  try {
    running = await startFunction(...given);
    const watched = await openConsole(browser, running.console);
    return { running, watched, page: watched.page, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}
