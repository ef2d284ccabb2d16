/**
 * Builds `dist` (bundles with source maps, type declarations, and the console's page) and the file of the licenses of
 * what is bundled.
 */
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildPage } from '../src/console/page/build.ts';
import { EXPORTED, bundleSources } from './bundle-sources.ts';
import { dropUnreachable } from './declarations.ts';
import { ROOT } from './root.ts';
import { bundledPackages, licenseFile } from './third-party-licenses.ts';

const DIST = join(ROOT, 'dist');

rmSync(DIST, { recursive: true, force: true });
const main = await bundleSources(DIST);
execFileSync(join(ROOT, 'node_modules/.bin/tsc'), ['--project', 'tsconfig.build.json'], {
  cwd: ROOT,
  stdio: 'inherit',
});
dropUnreachable(
  DIST,
  EXPORTED.map(({ types }) => join(ROOT, types)),
);
const page = await buildPage(join(DIST, 'src/console/page/bundle'));
const bundled = bundledPackages(ROOT, [main, page]);
writeFileSync(join(ROOT, 'THIRD-PARTY-LICENSES'), licenseFile(bundled));
