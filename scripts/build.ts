/**
 * Builds `dist` (bundles with source maps, type declarations, and the console's page) and the file of the licenses of
 * what is bundled. `dependencies` and `peerDependencies` stay external; other packages that the sources import are bundled.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Metafile } from 'esbuild';
import { buildPage } from '../src/console/page/build.ts';
import { ENTRY_FILES } from '../src/package-files.ts';
import { ROOT } from './root.ts';
import { dropUnreachable } from './declarations.ts';
import { bundledPackages, licenseFile } from './third-party-licenses.ts';
import { loadSources } from './load-sources.ts';

const DIST = join(ROOT, 'dist');
const { bin, dependencies, engines, exports, peerDependencies } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
) as {
  bin: Record<string, string>;
  dependencies: Record<string, string>;
  engines: { node: string };
  exports: Record<string, { types: string; default: string } | string>;
  peerDependencies: Record<string, string>;
};
const exported = Object.values(exports).filter((entry) => typeof entry === 'object');

rmSync(DIST, { recursive: true, force: true });
const { metafile: main } = await build({
  absWorkingDir: ROOT,
  entryPoints: [
    ...[...exported.map((entry) => entry.default), ...Object.values(bin)].map(sourceOf),
    ...Object.values(ENTRY_FILES).map((url) => fileURLToPath(url)),
    'src/package-files.ts',
  ],
  outbase: ROOT,
  outdir: DIST,
  bundle: true,
  // Code splitting keeps one copy of a module that several entries load, and therefore of its state.
  splitting: true,
  // package-files.ts resolves files relative to its own location, so every chunk must be in src.
  chunkNames: 'src/[name]-[hash]',
  external: Object.keys({ ...dependencies, ...peerDependencies }),
  plugins: [loadSources],
  format: 'esm',
  platform: 'node',
  target: engines.node.replace('>=', 'node'),
  sourcemap: true,
  logLevel: 'warning',
  metafile: true,
});
leaveOutHelpers(main);
leaveOutDevelopmentTexts(main);
const { metafile: uplot } = await build({
  absWorkingDir: ROOT,
  entryPoints: ['uPlot.iife.min.js', 'uPlot.min.css'].map((name) => join('node_modules/uplot/dist', name)),
  outdir: join(DIST, 'src/cli/bench/uplot'),
  loader: { '.css': 'copy', '.js': 'copy' },
  metafile: true,
});
execFileSync(join(ROOT, 'node_modules/.bin/tsc'), ['--project', 'tsconfig.build.json'], {
  cwd: ROOT,
  stdio: 'inherit',
});
dropUnreachable(
  DIST,
  exported.map(({ types }) => join(ROOT, types)),
);
const page = await buildPage(join(DIST, 'src/console/page/bundle'));
const bundled = bundledPackages(ROOT, [main, uplot, page]);
writeFileSync(join(ROOT, 'THIRD-PARTY-LICENSES'), licenseFile(bundled));

function sourceOf(built: string): string {
  return built.replace(/^(?:\.\/)?dist\/(.*)\.js$/, '$1.ts');
}

/**
 * Removes imports of esbuild's helpers for CommonJS modules where nothing is imported from them. esbuild lets every entry
 * import them, but only commands have such modules, and each file that a thread loads delays its start.
 */
function leaveOutHelpers({ outputs }: Metafile): void {
  const scripts = Object.keys(outputs).filter((file) => file.endsWith('.js'));
  const helpers = scripts.filter((file) => Object.keys(outputs[file]?.inputs ?? {}).length === 0);
  for (const file of scripts) {
    const code = readFileSync(join(ROOT, file), 'utf8');
    const unused = (statement: string): boolean => helpers.some((name) => statement.includes(basename(name)));
    // The line stays, because the source map counts lines.
    const kept = code.replace(/^import ".*";$/gm, (statement) => (unused(statement) ? '' : statement));
    if (kept !== code) writeFileSync(join(ROOT, file), kept);
  }
}

/**
 * Removes the text of sources that never run on Lambda from the source maps, because it is a tenth of what users download.
 * Stack traces have the files and lines of these sources all the same.
 */
function leaveOutDevelopmentTexts({ outputs }: Metafile): void {
  for (const file of Object.keys(outputs).filter((name) => name.endsWith('.map'))) {
    const map = JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as {
      readonly sources: readonly string[];
      readonly sourcesContent: readonly string[];
    };
    const sourcesContent = map.sourcesContent.map((text, index) =>
      /\/src\/(cli|console|local|testing)\//.test(map.sources[index] ?? '') ? '' : text,
    );
    writeFileSync(join(ROOT, file), JSON.stringify({ ...map, sourcesContent }));
  }
}
