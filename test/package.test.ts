import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import type { Metafile } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { describeSize, excessOf, packageSizes } from '../scripts/check-package/package-size.ts';
import { loadSources } from '../scripts/load-sources.ts';
import { packageFolder } from '../scripts/package-folder.ts';
import { bundledFolders, bundledPackages, licenseFile } from '../scripts/third-party-licenses.ts';
import { makeTaskRoot } from './helpers/task-root.ts';

describe('the folder of a package', () => {
  it.each([
    ['node_modules/a/lib/b.js', 'node_modules/a'],
    ['node_modules/@a/b/c.js', 'node_modules/@a/b'],
    ['node_modules/a/node_modules/@b/c/d.js', 'node_modules/a/node_modules/@b/c'],
    ['/work/node_modules/a/b.js', '/work/node_modules/a'],
    ['src/a.ts', undefined],
    ['builtin:node:fs', undefined],
    ['node_modules/.package-lock.json', undefined],
    ['node_modules/.bin/a', undefined],
  ])('of %s is %s', (path, folder) => {
    expect(packageFolder(path)).toBe(folder);
  });
});

describe('the size of an installation', () => {
  const files = [
    { path: 'package.json', bytes: 9 },
    { path: 'node_modules/.package-lock.json', bytes: 99 },
    { path: 'node_modules/small/a.js', bytes: 1 },
    { path: 'node_modules/@large/one/a.js', bytes: 20 },
    { path: 'node_modules/@large/one/b/c.js', bytes: 3 },
    { path: 'node_modules/small/node_modules/inner/a.js', bytes: 4 },
  ];

  it('lists each package with the sum of its files, the largest first', () => {
    expect(packageSizes(files)).toEqual([
      { folder: 'node_modules/@large/one', files: 2, bytes: 23 },
      { folder: 'node_modules/small/node_modules/inner', files: 1, bytes: 4 },
      { folder: 'node_modules/small', files: 1, bytes: 1 },
    ]);
  });

  it('is accepted at exactly each limit', () => {
    expect(excessOf({ tarballBytes: 700_000, packages: packagesOf(21, 7_500_000) })).toEqual([]);
  });

  it('is reported for each limit that it exceeds, even by one', () => {
    expect(excessOf({ tarballBytes: 700_001, packages: packagesOf(22, 7_500_001) })).toEqual([
      'The tarball has 701 kB; the limit is 700 kB.',
      'The installation has 7,501 kB; the limit is 7,500 kB.',
      'The installation has 22 packages; the limit is 21.',
    ]);
  });

  it('is shown with its limits and its packages', () => {
    expect(describeSize({ tarballBytes: 1, packages: packageSizes(files) }).split('\n')).toEqual([
      'tarball    1 kB (limit: 700 kB)',
      expect.stringMatching(/^installed {2}1 kB \(limit: 7,500 kB\)/),
      expect.stringMatching(/^packages {3}3 \(limit: 21\)/),
      expect.stringMatching(/^ {2}@large\/one +1 kB in 2 files$/),
      expect.stringMatching(/^ {2}small\/node_modules\/inner +1 kB in 1 files$/),
      expect.stringMatching(/^ {2}small +1 kB in 1 files$/),
      '',
    ]);
  });

  function packagesOf(count: number, bytes: number) {
    return Array.from({ length: count }, (_, index) => ({
      folder: `node_modules/${index}`,
      files: 1,
      bytes: index === 0 ? bytes : 0,
    }));
  }
});

describe('the licenses of bundled packages', () => {
  it('cover each package with code in an output of any build, once', () => {
    const one = buildOf({
      'a.js': { 'src/a.ts': 9, 'node_modules/used/a.js': 1, 'node_modules/shaken/a.js': 0 },
      'b.js': { 'node_modules/used/b.js': 1, 'builtin:events': 1 },
    });
    const other = buildOf({ 'page.css': { 'node_modules/@for/page/a.css': 1, 'node_modules/used/a.js': 1 } });
    expect(bundledFolders([one, other])).toEqual(['node_modules/used', 'node_modules/@for/page']);
  });

  it('are read from the packages, with their notices, and listed by name', async () => {
    await using root = await makeTaskRoot({
      'node_modules/b/package.json': '{ "name": "b", "version": "2.0.0", "license": "Apache-2.0" }',
      'node_modules/b/LICENSE.txt': 'License of b\n',
      'node_modules/b/NOTICE': 'Notice of b\n',
      'node_modules/b/index.js': '',
      'node_modules/@a/a/package.json': '{ "name": "@a/a", "version": "1.0.0", "license": "MIT" }',
      'node_modules/@a/a/license': 'License of a\n',
    });
    const built = buildOf({ 'a.js': { 'node_modules/b/index.js': 1, 'node_modules/@a/a/index.js': 1 } });
    const packages = bundledPackages(root.path, [built]);
    expect(packages).toEqual([
      { name: '@a/a', version: '1.0.0', license: 'MIT', text: 'License of a' },
      { name: 'b', version: '2.0.0', license: 'Apache-2.0', text: 'License of b\n\nNotice of b' },
    ]);
    const text = licenseFile(packages);
    expect(text).toContain('\n- @a/a 1.0.0 (MIT)\n- b 2.0.0 (Apache-2.0)\n');
    expect(text).toMatch(/\nb 2\.0\.0 \(Apache-2\.0\)\n-+\n\nLicense of b\n\nNotice of b\n$/);
  });

  it.each([
    ['no license', { 'package.json': '{ "name": "a", "version": "1.0.0" }', LICENSE: 'text' }],
    ['no text', { 'package.json': '{ "name": "a", "version": "1.0.0", "license": "MIT" }', NOTICE: 'text' }],
  ])('are required: a package with %s fails the build', async (_what, files) => {
    const inPackage = Object.entries(files).map(([name, text]) => [`node_modules/a/${name}`, text]);
    await using root = await makeTaskRoot(Object.fromEntries(inPackage) as Record<string, string>);
    const built = buildOf({ 'a.js': { 'node_modules/a/index.js': 1 } });
    expect(() => bundledPackages(root.path, [built])).toThrow(/^a 1\.0\.0 cannot be bundled/);
  });

  /** What esbuild reports of a build: the bytes of each input, by output. */
  function buildOf(outputs: Readonly<Record<string, Readonly<Record<string, number>>>>): Metafile {
    const entries = Object.entries(outputs).map(([file, inputs]) => {
      const sizes = Object.entries(inputs).map(([path, bytesInOutput]) => [path, { bytesInOutput }]);
      return [file, { bytes: 0, inputs: Object.fromEntries(sizes), imports: [], exports: [] }];
    });
    return { inputs: {}, outputs: Object.fromEntries(entries) } as Metafile;
  }
});

it('a bundle runs CommonJS packages that require builtins, has no comments, and maps only own sources', async () => {
  await using root = await makeTaskRoot({
    'package.json': '{ "type": "module", "sideEffects": false }',
    'main.ts': `import './sets-value.ts';
import Emitter from 'emitter';
/** Of the class. */
export class Own extends Emitter {
  /** Of the method. */
  value(): unknown { return (globalThis as { valueOfTest?: unknown }).valueOfTest; }
}`,
    'sets-value.ts': 'Object.assign(globalThis, { valueOfTest: 7 });',
    'node_modules/emitter/package.json': '{ "name": "emitter", "main": "index.js" }',
    'node_modules/emitter/index.js':
      "const Emitter = require('events');\n// Of the package.\nmodule.exports = class extends Emitter {};",
  });
  await build({
    absWorkingDir: root.path,
    entryPoints: ['main.ts'],
    outdir: 'out',
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22.19',
    sourcemap: true,
    plugins: [loadSources],
  });
  const bundle = join(root.path, 'out/main.js');
  const { Own } = (await import(pathToFileURL(bundle).href)) as {
    Own: new () => { value(): unknown; emit(name: string): boolean };
  };
  const own = new Own();
  expect([own.value(), own.emit('event')]).toEqual([7, false]);
  expect(await readFile(bundle, 'utf8')).not.toMatch(/Of the (class|method|package)/);
  const map = JSON.parse(await readFile(`${bundle}.map`, 'utf8')) as Record<
    'sources' | 'sourcesContent',
    string[]
  >;
  const texts = Object.fromEntries(map.sources.map((source, index) => [source, map.sourcesContent[index]]));
  expect(texts).toEqual({
    '../main.ts': expect.stringContaining('/** Of the method. */'),
    '../sets-value.ts': expect.any(String),
    'builtin:events': '',
    '../node_modules/emitter/index.js': '',
  });
});
