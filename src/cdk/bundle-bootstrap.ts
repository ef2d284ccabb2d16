import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Loader, Metafile, Plugin } from 'esbuild';
import { BundleError } from './bundle-error.ts';

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
 * Bundles a bootstrap and the modules that it names by URL, each into a file of its own in a folder. Resolves with what esbuild
 * reports about each file.
 *
 * @param projectRoot the folder from which esbuild is found.
 * @throws BundleError if the bootstrap names a module that would be missing on Lambda.
 */
export async function bundleBootstrap(
  bundle: BootstrapBundle,
  folder: string,
  projectRoot: string,
): Promise<Metafile[]> {
  const { build, transform } = await importEsbuild(projectRoot);
  const modules = new NamedModules(bundle, folder, projectRoot, transform);
  const metafiles: Metafile[] = [];
  // The files that are found while the loop runs have their turn, too.
  for (const [file, output] of modules.toBundle) {
    const { metafile } = await build({
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
      plugins: [modules.plugin()],
      logLevel: 'warning',
      metafile: true,
    });
    metafiles.push(metafile);
  }
  if (modules.problems.length > 0) throw new BundleError(modules.problems.join('; '));
  if (!modules.namesHandler)
    process.stderr.write(
      `${bundle.file} does not name the handler as new URL('./${basename(bundle.handler.file)}', import.meta.url). In the bundle, the handler is ${bundle.handler.output}.\n`,
    );
  return metafiles;
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
  throw new BundleError('esbuild is not installed, and a bootstrap needs it: npm install --save-dev esbuild');
}

/** Gives each module that is named by URL a file in the function's folder, and names that file in the bundle. */
class NamedModules {
  readonly toBundle: Map<string, string>;
  readonly problems: string[] = [];
  namesHandler = false;
  readonly #handler: BootstrapBundle['handler'];
  readonly #folder: string;
  readonly #projectRoot: string;
  readonly #transform: Esbuild['transform'];

  constructor(
    { file, output, handler }: BootstrapBundle,
    folder: string,
    projectRoot: string,
    transform: Esbuild['transform'],
  ) {
    this.toBundle = new Map([[file, output]]);
    this.#handler = handler;
    this.#folder = folder;
    this.#projectRoot = projectRoot;
    this.#transform = transform;
  }

  plugin(): Plugin {
    return {
      name: 'modules-by-url',
      setup: ({ onLoad }) => {
        onLoad({ filter: CODE }, async ({ path }) => {
          if (path.includes('node_modules')) return undefined;
          const text = readFileSync(path, 'utf8');
          await this.#check(text, path);
          const contents = text.replaceAll(MODULE_URL, (found, _quote: string, specifier: string) =>
            this.#rewritten(found, resolve(dirname(path), specifier)),
          );
          return { contents, loader: loaderOf(path) };
        });
      },
    };
  }

  #rewritten(found: string, named: string): string {
    const output = this.#outputOf(named);
    if (output === this.#handler.output) this.namesHandler = true;
    return output === undefined ? found : `new URL(${JSON.stringify(`./${output}`)}, import.meta.url)`;
  }

  #outputOf(named: string): string | undefined {
    const file = sourceOf(named);
    if (file === this.#handler.file || basename(named) === this.#handler.output) return this.#handler.output;
    if (file === undefined) return undefined;
    const existing = this.toBundle.get(file);
    if (existing !== undefined) return existing;
    const name = basename(file).replace(CODE, '');
    const taken = new Set([...this.toBundle.values(), this.#handler.output]);
    let output = `${name}.mjs`;
    for (let number = 2; taken.has(output); number += 1) output = `${name}-${number}.mjs`;
    this.toBundle.set(file, output);
    return output;
  }

  /** Notes the modules that a file names and that Lambda would not have. */
  async #check(text: string, file: string): Promise<void> {
    const shown = relative(this.#projectRoot, file);
    const code = await this.#withoutComments(text, file);
    for (const [, , specifier = ''] of code.matchAll(MODULE_URL)) {
      const isKnown = basename(specifier) === this.#handler.output || this.#isInFolder(specifier);
      if (!isKnown && sourceOf(resolve(dirname(file), specifier)) === undefined)
        this.problems.push(`${shown} names ${specifier}, but there is no such file`);
    }
    if (!code.includes('createManagedRuntime')) return;
    // Paths as texts are relative to the working directory, where Lambda has the bundled files only.
    for (const [, , specifier = ''] of code.matchAll(MODULE_TEXT)) {
      if (basename(specifier) === this.#handler.output) this.namesHandler = true;
      if (this.#isInFolder(specifier)) continue;
      const path = specifier.startsWith('.') ? specifier : `./${specifier}`;
      this.problems.push(
        `${shown} names ${specifier} as a string, but the bundle does not contain that file: write new URL('${path}', import.meta.url)`,
      );
    }
  }

  /** The code of a file, or nothing if only the build with the project's tsconfig.json can read it. */
  async #withoutComments(text: string, file: string): Promise<string> {
    const options = { loader: loaderOf(file), logLevel: 'silent' } as const;
    return this.#transform(text, options).then(
      ({ code }) => code,
      () => '',
    );
  }

  /** Whether something else has put a file into the function's folder, where the bundle finds it. */
  #isInFolder(specifier: string): boolean {
    return existsSync(join(this.#folder, specifier));
  }
}

const CODE = /\.[cm]?[jt]sx?$/;
const MODULE_URL =
  /\bnew URL\(\s*(['"`])(\.{1,2}\/[^'"`]+\.[cm]?[jt]sx?)\1\s*,\s*import\.meta\.url\s*,?\s*\)/g;
const MODULE_TEXT =
  /\b(?:createManagedRuntime\(|(?:services|sharedData|codec):)\s*(['"`])((?!file:|\/)[^'"`]+\.[cm]?[jt]sx?)\1/g;

/** The file that a path names. As in TypeScript, the path can be that of the JavaScript to which the file is compiled. */
function sourceOf(path: string): string | undefined {
  const candidates = [path, path.replace(/\.([cm]?)js(x?)$/, '.$1ts$2')];
  return candidates.find((candidate) => existsSync(candidate));
}

function loaderOf(path: string): Loader {
  const [, language = 'js'] = /\.[cm]?([jt]sx?)$/.exec(path) ?? [];
  return language as Loader;
}
