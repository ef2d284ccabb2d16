import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** Bundles the console's page into a folder: index.html, page.js, page.css, and the licenses of the bundled packages. */
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
  await writeFile(join(folder, 'licenses.txt'), (await Promise.all(BUNDLED.map(licenseOf))).join('\n'));
}

/** The packages in the bundle, whose licenses require a copy of the license text. */
const BUNDLED = ['preact', '@preact/signals', '@preact/signals-core', 'uplot'];

async function licenseOf(name: string): Promise<string> {
  return `${name}\n\n${await readFile(join(HERE, '../../../node_modules', name, 'LICENSE'), 'utf8')}`;
}

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** The folder from which the server serves the page when it runs from source. */
const BESIDE = join(HERE, 'bundle');

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await buildPage(process.argv[2]);
