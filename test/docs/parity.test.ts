import { expect, it } from 'vitest';
import { isTableCurrent } from '../parity/table.ts';

it('docs/migrating.md has the reasons of test/parity/reasons; `npm run parity -- --table` writes them', async () => {
  expect(await isTableCurrent(), 'run `npm run parity -- --table`').toBe(true);
});
