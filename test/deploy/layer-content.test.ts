import { readFile, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { unzip } from '../../scripts/unzip.ts';
import { LAYER_WRAPPER, makeLayer } from '../../src/deployment/layer.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';

const OWN = 'node_modules/lambda-managed-runtime';
const manifest = (name: string, dependencies: object = {}) => JSON.stringify({ name, dependencies });

/** The package as it is installed, with a dependency that has another one. */
const INSTALLED = {
  [`${OWN}/package.json`]: manifest('lambda-managed-runtime', { a: '1' }),
  [`${OWN}/deploy/exec-wrapper`]: '#!/bin/sh\nthe wrapper',
  [`${OWN}/deploy/start-managed-runtime.sh`]: 'a part of it',
  [`${OWN}/dist/src/index.js`]: 'export {};',
  'node_modules/a/package.json': manifest('a', { '@b/b': '1' }),
  'node_modules/a/main.js': 'ä'.repeat(1_000),
  'node_modules/@b/b/package.json': manifest('@b/b'),
};

it('a layer contains the package, its dependencies, and the executable wrapper in its root', async () => {
  await using root = await makeTaskRoot(INSTALLED);
  const { zip, unzippedBytes, packages } = makeLayer(`${root.path}/${OWN}/package.json`);
  await writeFile(`${root.path}/layer.zip`, zip);
  const opt = `${root.path}/opt`;
  await unzip(`${root.path}/layer.zip`, opt);
  const entries = await readdir(opt, { recursive: true, withFileTypes: true });
  const files = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async ({ parentPath, name }) => {
        const { mode, size } = await stat(`${parentPath}/${name}`);
        return { path: `${parentPath}/${name}`.slice(opt.length + 1), mode: mode & 0o777, size };
      }),
  );
  const own = `nodejs/${OWN}`;
  expect(Object.fromEntries(files.map(({ path, mode }) => [path, mode.toString(8)]))).toEqual({
    [LAYER_WRAPPER]: '755',
    [`${own}/deploy/exec-wrapper`]: '755',
    [`${own}/deploy/start-managed-runtime.sh`]: '644',
    [`${own}/dist/src/index.js`]: '644',
    [`${own}/package.json`]: '644',
    [`${own}/node_modules/a/main.js`]: '644',
    [`${own}/node_modules/a/package.json`]: '644',
    [`${own}/node_modules/@b/b/package.json`]: '644',
  });
  expect(await readFile(`${opt}/${LAYER_WRAPPER}`, 'utf8')).toBe('#!/bin/sh\nthe wrapper');
  expect(unzippedBytes).toBe(files.reduce((sum, { size }) => sum + size, 0));
  expect(packages).toBe(3);
});

it('the same package gives the same bytes, regardless of modification times', async () => {
  await using root = await makeTaskRoot(INSTALLED);
  const first = makeLayer(`${root.path}/${OWN}/package.json`);
  for (const name of Object.keys(INSTALLED)) await utimes(`${root.path}/${name}`, 1e9, 1e9);
  const second = makeLayer(`${root.path}/${OWN}/package.json`);
  expect(Buffer.from(second.zip).equals(first.zip)).toBe(true);
});
