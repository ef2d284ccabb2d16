import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import type { Metafile } from 'esbuild';
import { ROOT } from '../../../scripts/root.ts';
import { bundledPackages, licenseFile } from '../../../scripts/third-party-licenses.ts';

/**
 * Bundles the console's page into a folder: index.html, page.js, page.css, and the licenses of the bundled packages.
 * Resolves with what the bundle contains.
 */
export async function buildPage(folder: string = BESIDE): Promise<Metafile> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: { page: join(HERE, 'main.tsx') },
    outdir: folder,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2023',
    tsconfig: join(HERE, 'tsconfig.json'),
    logLevel: 'warning',
    metafile: true,
  });
  await copyFile(join(HERE, 'index.html'), join(folder, 'index.html'));
  await writeFile(join(folder, 'licenses.txt'), licenseFile(bundledPackages(ROOT, [metafile])));
  return metafile;
}

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** The folder from which the server serves the page when it runs from source. */
const BESIDE = join(HERE, 'bundle');

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await buildPage(process.argv[2]);
