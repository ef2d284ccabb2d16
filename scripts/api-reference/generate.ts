import { join } from 'node:path';
import type { Log } from '../check-package/log.ts';
import { ROOT } from '../root.ts';

/** The folder of the committed pages. */
export const COMMITTED = join(ROOT, 'docs/api');

/**
 * Writes the API reference into an empty directory, from the TSDoc of the entry points in `exports` of package.json.
 *
 * TypeDoc has its own package.json, because it needs the JavaScript API of TypeScript, which the native compiler lacks.
 *
 * @throws Error when a public item has no TSDoc, or refers to a type that is not exported or to a broken link.
 */
export async function generate(directory: string, log: Log): Promise<void> {
  await log.run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: HERE });
  const options = ['--options', join(HERE, 'typedoc.json'), '--out', directory];
  await log.run(join(HERE, 'node_modules/.bin/typedoc'), options, { cwd: ROOT });
}

const HERE = import.meta.dirname;
