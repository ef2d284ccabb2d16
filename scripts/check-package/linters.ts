import { join } from 'node:path';
import type { Check } from './check.ts';
import { ROOT } from '../root.ts';

/** Nothing in package.json that breaks a runtime or bundler; suggestions count too. */
export const publint: Check = async ({ tarball }, log) => {
  const output = await log.run(tool('publint'), ['run', tarball, '--strict'], { cwd: ROOT });
  if (!output.includes('All good!')) throw new Error('publint has suggestions.');
};

/**
 * Types resolve wherever the code does. The package has ES modules only, on purpose: Node.js requires them since 22.12,
 * below the oldest version that is supported, and two copies in one process would be two runtimes.
 */
export const attw: Check = async ({ tarball }, log) => {
  await log.run(tool('attw'), [tarball, '--profile', 'esm-only'], { cwd: ROOT });
};

/** No file, export or dependency that nobody uses. */
export const knip: Check = async (_release, log) => {
  await log.run(tool('knip'), ['--treat-config-hints-as-errors'], { cwd: ROOT });
};

const tool = (name: string) => join(ROOT, 'node_modules/.bin', name);
