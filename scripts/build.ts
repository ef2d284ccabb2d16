/** Builds `dist`: bundles with source maps, type declarations, and the console's page. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildPage } from '../src/console/page/build.ts';
import { ENTRY_FILES } from '../src/package-files.ts';
import { ROOT } from './root.ts';
import { dropUnreachable } from './declarations.ts';

const DIST = join(ROOT, 'dist');
const { bin, engines, exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  bin: Record<string, string>;
  engines: { node: string };
  exports: Record<string, { types: string; default: string } | string>;
};
const exported = Object.values(exports).filter((entry) => typeof entry === 'object');

rmSync(DIST, { recursive: true, force: true });
await build({
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
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: engines.node.replace('>=', 'node'),
  sourcemap: true,
  // `sideEffects` in package.json refers to the built files, not to these sources.
  ignoreAnnotations: true,
  logLevel: 'warning',
});
execFileSync(join(ROOT, 'node_modules/.bin/tsc'), ['--project', 'tsconfig.build.json'], {
  cwd: ROOT,
  stdio: 'inherit',
});
dropUnreachable(
  DIST,
  exported.map(({ types }) => join(ROOT, types)),
);
await buildPage(join(DIST, 'src/console/page/bundle'));

function sourceOf(built: string): string {
  return built.replace(/^(?:\.\/)?dist\/(.*)\.js$/, '$1.ts');
}
