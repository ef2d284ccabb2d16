import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Loader, Plugin } from 'esbuild';

/** A bootstrap, and how it is bundled. */
export interface BootstrapBundle {
  readonly file: string;
  /** Its name in the function's folder. */
  readonly output: string;
  /** The handler, which has been bundled. */
  readonly handler: { readonly file: string; readonly output: string };
  readonly banner: string;
  readonly external: readonly string[];
  readonly target: string;
  readonly minify: boolean;
  readonly keepNames: boolean;
  readonly sourceMap: boolean;
  readonly define: Readonly<Record<string, string>>;
  readonly loader: Readonly<Record<string, string>>;
}

/**
 * Bundles a bootstrap and the modules that it names by URL, each into a file of its own in a folder.
 *
 * @param projectRoot the folder from which esbuild is found.
 */
export async function bundleBootstrap(
  bundle: BootstrapBundle,
  folder: string,
  projectRoot: string,
): Promise<void> {
  const { build } = await importEsbuild(projectRoot);
  const outputs = new Outputs(bundle);
  // The files that are found while the loop runs have their turn, too.
  for (const [file, output] of outputs.toBundle) {
    await build({
      absWorkingDir: projectRoot,
      entryPoints: [file],
      outfile: join(folder, output),
      bundle: true,
      platform: 'node',
      format: 'esm',
      banner: { js: bundle.banner },
      external: [...bundle.external],
      target: bundle.target,
      minify: bundle.minify,
      keepNames: bundle.keepNames,
      sourcemap: bundle.sourceMap,
      define: bundle.define,
      loader: bundle.loader as Record<string, Loader>,
      plugins: [outputs.plugin()],
      logLevel: 'warning',
    });
  }
  if (!outputs.namesHandler)
    process.stderr.write(
      `${bundle.file} does not name the handler as new URL('./${basename(bundle.handler.file)}', import.meta.url). In the bundle, the handler is ${bundle.handler.output}.\n`,
    );
}

type Esbuild = typeof import('esbuild');

/** The project's esbuild: the package does not depend on it. */
async function importEsbuild(projectRoot: string): Promise<Esbuild> {
  for (const base of [join(projectRoot, 'package.json'), fileURLToPath(import.meta.url)]) {
    try {
      const found = createRequire(base).resolve('esbuild');
      const loaded = (await import(pathToFileURL(found).href)) as Esbuild & { readonly default?: Esbuild };
      return loaded.default ?? loaded;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new Error('esbuild is not installed, and a bootstrap needs it: npm install --save-dev esbuild');
}

/** Gives each module that is named by URL a file in the function's folder, and names that file in the bundle. */
class Outputs {
  readonly toBundle: Map<string, string>;
  namesHandler = false;
  readonly #handler: BootstrapBundle['handler'];

  constructor({ file, output, handler }: BootstrapBundle) {
    this.toBundle = new Map([[file, output]]);
    this.#handler = handler;
  }

  plugin(): Plugin {
    return {
      name: 'modules-by-url',
      setup: ({ onLoad }) => {
        onLoad({ filter: CODE }, ({ path }) => {
          if (path.includes('node_modules')) return undefined;
          const contents = readFileSync(path, 'utf8').replaceAll(
            MODULE_URL,
            (found, _quote: string, specifier: string) => this.#rewritten(found, specifier, dirname(path)),
          );
          return { contents, loader: loaderOf(path) };
        });
      },
    };
  }

  #rewritten(found: string, specifier: string, folder: string): string {
    const file = resolve(folder, specifier);
    const output = this.#outputOf(file);
    if (output === this.#handler.output) this.namesHandler = true;
    return output === undefined ? found : `new URL(${JSON.stringify(`./${output}`)}, import.meta.url)`;
  }

  #outputOf(file: string): string | undefined {
    if (file === this.#handler.file || basename(file) === this.#handler.output) return this.#handler.output;
    if (!existsSync(file)) return undefined;
    const existing = this.toBundle.get(file);
    if (existing !== undefined) return existing;
    const name = basename(file).replace(CODE, '');
    const taken = new Set([...this.toBundle.values(), this.#handler.output]);
    let output = `${name}.mjs`;
    for (let number = 2; taken.has(output); number += 1) output = `${name}-${number}.mjs`;
    this.toBundle.set(file, output);
    return output;
  }
}

const CODE = /\.[cm]?[jt]sx?$/;
const MODULE_URL =
  /\bnew URL\(\s*(['"`])(\.{1,2}\/[^'"`]+\.[cm]?[jt]sx?)\1\s*,\s*import\.meta\.url\s*,?\s*\)/g;

function loaderOf(path: string): Loader {
  const [, language = 'js'] = /\.[cm]?([jt]sx?)$/.exec(path) ?? [];
  return language as Loader;
}
