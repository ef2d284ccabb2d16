import { readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { basename, join } from 'node:path';
import { transform } from 'esbuild';
import type { Plugin } from 'esbuild';

/**
 * Loads the sources of a bundle without comments, because the source maps have them. Code of other packages is loaded
 * without a source map, and gets the modules of Node.js that it requires.
 */
export const loadSources: Plugin = {
  name: 'load-sources',
  setup({ initialOptions: { target }, onLoad, onResolve }) {
    onResolve({ filter: /^\./ }, ({ importer, path, resolveDir }) =>
      // `sideEffects` in package.json refers to the built files, not to these sources.
      IN_PACKAGE.test(importer) ? undefined : { path: join(resolveDir, path), sideEffects: true },
    );
    // esbuild does not bundle these calls, and ES modules have no `require`.
    onResolve({ filter: /./ }, ({ kind, path }) =>
      kind === 'require-call' && isBuiltin(path) ? { path, namespace: BUILTIN } : undefined,
    );
    onLoad({ filter: /./, namespace: BUILTIN }, ({ path }) => ({
      contents: withoutSourceMap(
        `${BUILTIN}:${path}`,
        `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      ),
    }));
    const common = { target: target as string, minifyWhitespace: true, legalComments: 'none' } as const;
    onLoad({ filter: IN_PACKAGE }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      // Without white space, esbuild drops the annotations of calls that may be left out if nothing uses their result.
      const minifyWhitespace = !text.includes('#__PURE__');
      const { code } = await transform(text, { ...common, minifyWhitespace, minifySyntax: true });
      return { contents: withoutSourceMap(basename(path), code) };
    });
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const options = { ...common, loader: 'ts', sourcefile: path, sourcemap: 'inline' } as const;
      return { contents: (await transform(await readFile(path, 'utf8'), options)).code };
    });
  },
};

const IN_PACKAGE = /\/node_modules\/.*\.[cm]?js$/;
const BUILTIN = 'builtin';

/** Gives code a source map of only an empty first line, so that the bundle's map has neither the code nor its positions. */
function withoutSourceMap(source: string, code: string): string {
  const map = { version: 3, sources: [source], sourcesContent: [''], names: [], mappings: 'AAAA' };
  const encoded = Buffer.from(JSON.stringify(map)).toString('base64');
  return `\n${code}\n//# sourceMappingURL=data:application/json;base64,${encoded}`;
}
