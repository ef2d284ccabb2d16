import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { RESULTS, ROOT } from '../root.ts';
import type { Log } from './log.ts';

/** Builds and packs the package like `npm publish`. Resolves with the tarball. */
export async function pack(log: Log): Promise<string> {
  await log.run('npm', ['pack', '--pack-destination', RESULTS], { cwd: ROOT });
  const [tarball, ...others] = readdirSync(RESULTS).filter((file) => file.endsWith('.tgz'));
  if (tarball === undefined || others.length > 0)
    throw new Error('npm pack did not create exactly one tarball.');
  return join(RESULTS, tarball);
}
