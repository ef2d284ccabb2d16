import { join } from 'node:path';
import type { Log } from '../check-package/log.ts';
import { ROOT } from '../root.ts';

/** The pages that are read on GitHub. */
export const COMMITTED = join(ROOT, 'docs/api');

/**
 * Writes the API reference into an empty directory, from the TSDoc of what `exports` in package.json names.
 *
 * TypeDoc has packages of its own, since it needs a TypeScript that can be called from JavaScript, which the native one cannot.
 *
 * @throws Error where something public has no TSDoc, or names a type that is not exported or a link that leads nowhere.
 */
export async function generate(directory: string, log: Log): Promise<void> {
  await log.run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: HERE });
  const options = ['--options', join(HERE, 'typedoc.json'), '--out', directory];
  await log.run(join(HERE, 'node_modules/.bin/typedoc'), options, { cwd: ROOT });
}

const HERE = import.meta.dirname;
