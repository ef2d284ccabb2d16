/** Positions of bundles that esbuild makes, mapped back to their sources. */
import { build } from 'esbuild';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { makeTaskRoot } from '../helpers/task-root.ts';
import type { TaskRoot } from '../helpers/task-root.ts';
import { originalPositions } from '../../workers/original-positions.ts';

const SOURCE = `export const first = 1;

export function compute(value: number): number {
  const doubled = value * 2;
  return doubled + first;
}
console.log(compute(2));
`;

interface Bundled {
  readonly root: TaskRoot;
  readonly source: string;
  readonly bundle: string;
  /** The lines of the bundle. */
  readonly lines: readonly string[];
}

async function bundle(options: Parameters<typeof build>[0]): Promise<Bundled> {
  const root = await makeTaskRoot({ 'src/index.ts': SOURCE });
  const [source, outfile] = [join(root.path, 'src/index.ts'), join(root.path, 'dist/index.mjs')];
  await build({ entryPoints: [source], outfile, bundle: true, format: 'esm', ...options });
  return { root, source, bundle: outfile, lines: (await readFile(outfile, 'utf8')).split('\n') };
}

/** Where the bundle has the text; both numbers count from 1. */
function positionOf({ lines }: Bundled, text: string): { readonly line: number; readonly column: number } {
  const index = lines.findIndex((line) => line.includes(text));
  return { line: index + 1, column: (lines[index] ?? '').indexOf(text) + 1 };
}

it.each([
  { map: 'a file beside the bundle', options: { sourcemap: true } },
  { map: 'a part of the bundle', options: { sourcemap: 'inline' } },
  { map: 'with a root for its sources', options: { sourcemap: true, sourceRoot: '../dist' } },
] as const)('positions map back to the source, with a source map: $map', async ({ options }) => {
  const bundled = await bundle(options);
  await using _root = bundled.root;
  const { line, column } = positionOf(bundled, 'doubled + first');
  const at = { functionName: 'compute', line };
  const { source, bundle: url } = bundled;
  await expect(
    originalPositions([
      { ...at, url, column },
      { ...at, url: pathToFileURL(url).href, column: undefined },
    ]),
  ).resolves.toEqual([
    { functionName: 'compute', url: source, line: 5, column: 10 },
    // The first position of the line that the map knows.
    { functionName: 'compute', url: source, line: 5, column: undefined },
  ]);
});

it('a minified function has its original name', async () => {
  const bundled = await bundle({ sourcemap: true, minify: true });
  await using _root = bundled.root;
  const declaration = bundled.lines.flatMap((text, index) =>
    [...text.matchAll(/function (\w+)\(/g)].map(({ index: start, 0: all, 1: name = '' }) => ({
      functionName: name,
      url: bundled.bundle,
      line: index + 1,
      column: start + all.length,
    })),
  );
  const [compute] = await originalPositions(declaration);
  expect(compute).toMatchObject({ functionName: 'compute', url: bundled.source, line: 3 });
});

it.each([
  { file: 'no map', text: 'void 0;\n' },
  { file: 'a map that is not there', text: 'void 0;\n//# sourceMappingURL=other.map\n' },
  { file: 'a map that is no JSON', text: 'void 0;\n//# sourceMappingURL=data:application/json,{\n' },
])('a file with $file has no original positions', async ({ text }) => {
  await using root = await makeTaskRoot({});
  const url = join(root.path, 'index.mjs');
  await writeFile(url, text);
  await expect(originalPositions([{ functionName: 'f', url, line: 1, column: 1 }])).resolves.toEqual([
    undefined,
  ]);
});

it('an unmapped position and a missing file have no original position', async () => {
  const bundled = await bundle({ sourcemap: true });
  await using _root = bundled.root;
  const at = { functionName: 'f', line: 10_000, column: 1 };
  await expect(
    originalPositions([
      { ...at, url: bundled.bundle },
      { ...at, url: join(bundled.root.path, 'missing.mjs') },
    ]),
  ).resolves.toEqual([undefined, undefined]);
});
