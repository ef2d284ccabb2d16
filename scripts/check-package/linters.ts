import { join } from 'node:path';
import type { Check } from './check.ts';
import { ROOT } from '../root.ts';

/** Checks package.json with publint. Suggestions count as failures. */
export const publint: Check = async ({ tarball }, log) => {
  const output = await log.run(tool('publint'), ['run', tarball, '--strict'], { cwd: ROOT });
  if (!output.includes('All good!')) throw new Error('publint has suggestions.');
};

/**
 * Checks that types resolve wherever the code does. The package has ES modules only, on purpose: every supported Node.js
 * version can `require` them, and an ESM and a CommonJS copy in one process would be two runtimes.
 */
export const attw: Check = async ({ tarball }, log) => {
  await log.run(tool('attw'), [tarball, '--profile', 'esm-only'], { cwd: ROOT });
};

/** Checks for unused files, exports and dependencies. */
export const knip: Check = async (_release, log) => {
  await log.run(tool('knip'), ['--treat-config-hints-as-errors'], { cwd: ROOT });
};

const tool = (name: string) => join(ROOT, 'node_modules/.bin', name);
