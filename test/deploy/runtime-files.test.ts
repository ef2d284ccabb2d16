import { mkdir, symlink } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { listRuntimeFiles } from '../../src/deployment/runtime-files.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';

const manifest = (name: string, dependencies: Readonly<Record<string, string>> = {}): string =>
  JSON.stringify({
    name,
    dependencies,
    optionalDependencies: { native: '1' },
    peerDependencies: { peer: '1' },
  });

const OWN = 'node_modules/lambda-managed-runtime';

it('lists the package and its dependencies, without files that do not run on Lambda', async () => {
  await using root = await makeTaskRoot({
    [`${OWN}/package.json`]: manifest('lambda-managed-runtime', { a: '1', '@types/b': '1' }),
    [`${OWN}/LICENSE`]: '',
    [`${OWN}/README.md`]: '',
    [`${OWN}/tsconfig.json`]: '',
    [`${OWN}/docs/page.md`]: '',
    [`${OWN}/deploy/exec-wrapper`]: '',
    [`${OWN}/deploy/start.sh`]: '',
    [`${OWN}/dist/src/index.js`]: '',
    [`${OWN}/dist/src/index.js.map`]: '',
    [`${OWN}/dist/src/index.d.ts`]: '',
    [`${OWN}/dist/src/console/page/bundle/page.js`]: '',
    'node_modules/a/package.json': manifest('a', { '@c/c': '1' }),
    'node_modules/a/lib/a.wasm': '',
    'node_modules/a/test/a.js': '',
    'node_modules/@c/c/package.json': manifest('@c/c'),
    'node_modules/@c/c/LICENSE.md': '',
    'node_modules/@types/b/package.json': manifest('@types/b'),
    'node_modules/native/package.json': manifest('native'),
    'node_modules/peer/package.json': manifest('peer'),
  });
  const files = listRuntimeFiles(`${root.path}/${OWN}/package.json`);
  expect(files.map(({ path }) => path)).toEqual([
    `${OWN}/LICENSE`,
    `${OWN}/deploy/exec-wrapper`,
    `${OWN}/deploy/start.sh`,
    `${OWN}/dist/src/index.js`,
    // Below the package, so that they do not replace packages of the function or of another layer.
    `${OWN}/node_modules/@c/c/LICENSE.md`,
    `${OWN}/node_modules/@c/c/package.json`,
    `${OWN}/node_modules/a/lib/a.wasm`,
    `${OWN}/node_modules/a/package.json`,
    `${OWN}/package.json`,
  ]);
  const executables = files.filter(({ isExecutable }) => isExecutable).map(({ path }) => path);
  expect(executables).toEqual([`${OWN}/deploy/exec-wrapper`]);
});

it('keeps two versions of a package apart', async () => {
  await using root = await makeTaskRoot({
    [`${OWN}/package.json`]: manifest('lambda-managed-runtime', { a: '1', b: '1' }),
    [`${OWN}/node_modules/b/package.json`]: manifest('b'),
    [`${OWN}/node_modules/b/one.js`]: '',
    'node_modules/a/package.json': manifest('a', { b: '2' }),
    'node_modules/b/package.json': manifest('b', { a: '1' }),
    'node_modules/b/two.js': '',
  });
  const paths = listRuntimeFiles(`${root.path}/${OWN}/package.json`).map(({ path }) => path);
  expect(paths.filter((path) => path.endsWith('.js'))).toEqual([
    `${OWN}/node_modules/a/node_modules/b/two.js`,
    `${OWN}/node_modules/b/one.js`,
  ]);
});

it('follows the links of package managers that store packages elsewhere', async () => {
  await using root = await makeTaskRoot({
    'store/own/node_modules/lambda-managed-runtime/package.json': manifest('lambda-managed-runtime', {
      a: '1',
    }),
    'store/a/node_modules/a/package.json': manifest('a'),
    'store/a/node_modules/a/a.js': '',
  });
  await symlink('../../a/node_modules/a', `${root.path}/store/own/node_modules/a`);
  await mkdir(`${root.path}/node_modules`);
  await symlink('../store/own/node_modules/lambda-managed-runtime', `${root.path}/${OWN}`);
  const paths = listRuntimeFiles(`${root.path}/${OWN}/package.json`).map(({ path }) => path);
  const dependency = `${OWN}/node_modules/a`;
  expect(paths).toEqual([`${dependency}/a.js`, `${dependency}/package.json`, `${OWN}/package.json`]);
});

it('names a dependency that is not installed', async () => {
  await using root = await makeTaskRoot({
    [`${OWN}/package.json`]: manifest('lambda-managed-runtime', { a: '1' }),
  });
  expect(() => listRuntimeFiles(`${root.path}/${OWN}/package.json`)).toThrow(
    /^Cannot find package 'a' imported from .*lambda-managed-runtime/,
  );
});
