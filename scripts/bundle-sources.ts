import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transformSync } from 'esbuild';
import type { Metafile } from 'esbuild';
import { ENTRY_FILES } from '../src/package-files.ts';
import { loadSources } from './load-sources.ts';
import { ROOT } from './root.ts';

/** The parts of package.json that say what is built. */
interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
  readonly exports: Readonly<Record<string, Entry | string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

interface Entry {
  readonly types: string;
  readonly default: string;
}

const { bin, dependencies, engines, exports, peerDependencies } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
) as Manifest;

/** What users import: the `exports` of package.json. */
export const EXPORTED = Object.values(exports).filter((entry) => typeof entry === 'object');

/**
 * Bundles the sources into a folder, with source maps of what runs on Lambda. `dependencies` and `peerDependencies` stay external; other packages that the
 * sources import are bundled.
 */
export async function bundleSources(folder: string): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [
      ...[...EXPORTED.map((entry) => entry.default), ...Object.values(bin)].map(sourceOf),
      ...Object.values(ENTRY_FILES).map((url) => fileURLToPath(url)),
      'src/package-files.ts',
    ],
    outbase: ROOT,
    outdir: folder,
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
  leaveOutHelpers(metafile);
  leaveOutDevelopment(metafile);
  return metafile;
}

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
    const code = readFileSync(resolve(ROOT, file), 'utf8');
    const unused = (statement: string): boolean => helpers.some((name) => statement.includes(basename(name)));
    // The line stays, because the source map counts lines.
    const kept = code.replace(/^import ".*";$/gm, (statement) => (unused(statement) ? '' : statement));
    if (kept !== code) writeFileSync(resolve(ROOT, file), kept);
  }
}

/**
 * Removes sources that never run on Lambda from the source maps: their text, and the map of a bundle of nothing else, whose
 * code then does without white space. The names of the bundled files of packages stay, at its end. All this is a tenth of
 * what users download.
 */
function leaveOutDevelopment({ outputs }: Metafile): void {
  for (const file of Object.keys(outputs).filter((name) => name.endsWith('.js'))) {
    const script = resolve(ROOT, file);
    const map = JSON.parse(readFileSync(`${script}.map`, 'utf8')) as {
      readonly sources: readonly string[];
      readonly sourcesContent: readonly string[];
    };
    const sourcesContent = map.sourcesContent.map((text, index) =>
      FOR_DEVELOPMENT.test(map.sources[index] ?? '') ? '' : text,
    );
    if (sourcesContent.some((text) => text !== '')) {
      writeFileSync(`${script}.map`, JSON.stringify({ ...map, sourcesContent }));
    } else {
      rmSync(`${script}.map`);
      const code = readFileSync(script, 'utf8').replace(/^\/\/# sourceMappingURL=.*\n?$/m, '');
      const names = code.match(/^\/\/ node_modules\/.*\n/gm) ?? [];
      // Node.js prints the whole line of an uncaught error.
      const packed = transformSync(code, { minifyWhitespace: true, lineLimit: 500 });
      writeFileSync(script, packed.code + names.join(''));
    }
  }
}

/** Sources that never run on Lambda: commands, the local server, the construct of the CDK, the tree of a profile's calls. */
export const FOR_DEVELOPMENT =
  /(?:^|\/)src\/(?:(?:cdk|cli|console|deployment|local|testing)\/|profiling\/call-tree\.)/;
