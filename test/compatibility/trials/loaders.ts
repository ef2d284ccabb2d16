import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { FunctionProcess } from '../function-process.ts';
import type { Group, Services, Trial } from '../group.ts';

const CALLS = 16;

/** All threads load the handler and answer. */
async function proveLoaded(running: FunctionProcess): Promise<void> {
  await running.ready();
  const results = await Promise.all(Array.from({ length: CALLS }, (_, n) => running.call({ n })));
  assert.deepEqual(
    results,
    results.map((_, n) => ({ size: 'small', n: n * 2 })),
  );
}

/** The caller gets positions of the source, and so does the log. */
async function proveMapped(running: FunctionProcess): Promise<void> {
  await running.ready();
  const results = await Promise.all(Array.from({ length: CALLS }, (_, n) => running.invoke({ n })));
  for (const [n, result] of results.entries()) {
    assert.equal(result.status, 'error');
    const { error } = result as { error?: { errorMessage?: string; stackTrace?: readonly string[] } };
    assert.equal(error?.errorMessage, `failure of ${n}`);
    assert.match(String(error?.stackTrace), POSITION);
  }
  assert.equal(running.lines.filter((line) => POSITION.test(line)).length, CALLS);
}

/** Of the `throw` in failing.ts. */
const POSITION = /failing\.ts:7:/;

/** Packages as layers install them below `/opt`. */
function makeLayers(root: string): string {
  const folders = [
    ['opt/nodejs/node_modules', 'layered', 'sm'],
    ['opt/nodejs/node24/node_modules', 'layered24', 'all'],
  ] as const;
  return folders
    .map(([folder, name, value]) => {
      mkdirSync(join(root, folder, name), { recursive: true });
      writeFileSync(join(root, folder, name, 'index.js'), `exports.name = '${value}';`);
      return join(root, folder);
    })
    .join(':');
}

const bundle = (root: string, format: 'cjs' | 'esm', outfile: string): Promise<unknown> =>
  build({
    entryPoints: [join(root, 'failing.ts')],
    outfile: join(root, outfile),
    format,
    platform: 'node',
    minify: true,
    sourcemap: true,
    logLevel: 'error',
  });

const base = {
  shown: 'all threads load the handler, with an enum and a decorator',
  prove: proveLoaded,
} satisfies Partial<Trial>;

const loader = (name: string, nodeOptions: string, handlers: Trial['handlers']): Trial => ({
  ...base,
  name: `\`${nodeOptions}\``,
  packages: [name],
  handlers,
  env: () => ({ NODE_OPTIONS: nodeOptions }),
});

export const loaders: Group = {
  name: 'loaders',
  title: 'Loaders, source maps and layers',
  trials: [
    loader('tsx', '--import tsx', { CommonJS: 'typed.handler' }),
    {
      ...loader('tsx', '--import=tsx', { 'ES module': 'typed-esm.handler' }),
      shown: 'the same, with top-level await',
    },
    loader('@swc-node/register', '--require @swc-node/register', { CommonJS: 'typed.handler' }),
    loader('ts-node', '--require ts-node/register', { CommonJS: 'typed.handler' }),
    {
      name: 'a minified bundle of esbuild',
      packages: ['esbuild'],
      set: '`NODE_OPTIONS=--enable-source-maps`',
      shown: 'errors have positions of the source, in the answer and in the log',
      handlers: { CommonJS: 'mapped/index.handler', 'ES module': 'mapped/esm.handler' },
      prepare: async ({ root }: Services) => {
        await bundle(root, 'cjs', 'mapped/index.js');
        await bundle(root, 'esm', 'mapped/esm.mjs');
      },
      env: () => ({ NODE_OPTIONS: '--enable-source-maps' }),
      prove: proveMapped,
    },
    {
      name: 'packages in layers',
      packages: [],
      set: '`NODE_PATH`; in an ES module `createRequire()`',
      shown: 'packages of `/opt/nodejs/node_modules` and `/opt/nodejs/node24/node_modules` are found',
      handlers: { CommonJS: 'layered.handler', 'ES module': 'layered-esm.handler' },
      env: ({ root }) => ({ NODE_PATH: makeLayers(root) }),
      prove: proveLoaded,
    },
  ],
};
