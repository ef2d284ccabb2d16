import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';

/** Fills in the form and submits it. */
export async function invoke(page: Page, event: unknown, count: number, atOnce = count): Promise<void> {
  await page.locator('#event').fill(JSON.stringify(event, null, 2));
  await page.getByLabel('times').fill(String(count));
  await page.getByLabel('at once').fill(String(atOnce));
  await page.getByRole('button', { name: 'Invoke' }).click();
}

/** Lists the violations that axe finds. `evaluate` injects axe, because the page's policy forbids scripts. */
export async function faultsOf(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as WithAxe).axe.run({ resultTypes: ['violations'] }),
  );
  return violations.map(
    ({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map(({ html }) => html).join('\n')}`,
  );
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface WithAxe {
  readonly axe: { run(options: RunOptions): Promise<AxeResults> };
}
