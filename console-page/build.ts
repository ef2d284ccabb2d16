import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** Bundles the console's page into a folder: index.html, page.js, page.css. */
export async function buildPage(folder: string = BESIDE): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await build({
    entryPoints: { page: join(HERE, 'main.tsx') },
    outdir: folder,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2023',
    tsconfig: join(HERE, 'tsconfig.json'),
    logLevel: 'warning',
  });
  await copyFile(join(HERE, 'index.html'), join(folder, 'index.html'));
}

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** Where the server looks when it runs from the sources. */
const BESIDE = join(HERE, 'bundle');

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await buildPage(process.argv[2]);
