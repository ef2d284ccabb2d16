import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Check } from '../check-package/check.ts';
import { ROOT } from '../root.ts';
import { COMMITTED, generate } from './generate.ts';

/** Checks that docs/api is up to date with the sources. */
export const apiReference: Check = async (_release, log) => {
  const fresh = mkdtempSync(join(tmpdir(), 'api-reference-'));
  try {
    await generate(fresh, log);
    await log
      .run('git', ['diff', '--no-index', '--no-color', COMMITTED, fresh], { cwd: ROOT })
      .catch((cause: unknown) => {
        throw new Error('docs/api is out of date: run `npm run docs:api`.', { cause });
      });
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
};
