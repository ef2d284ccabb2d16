import { expect, it } from 'vitest';
import { environmentSchema } from '../../src/config/environment.ts';
import { optionsSchema } from '../../src/config/options-schema.ts';
import { optionsPage } from './options-page.ts';

it('docs/options.md is what the sources say; `vitest run test/docs/options.test.ts -u` writes it', async () => {
  await expect(
    await optionsPage(),
    'docs/options.md is out of date: run `vitest run test/docs/options.test.ts -u`',
  ).toMatchFileSnapshot('../../docs/options.md');
});

it('docs/options.md has each option and each variable', async () => {
  const page = await optionsPage();
  const rows = [...page.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
  expect(rows).toEqual([...Object.keys(optionsSchema.entries), ...Object.keys(environmentSchema.entries)]);
});
