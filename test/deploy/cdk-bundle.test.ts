import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App, Stack } from 'aws-cdk-lib';
import { CapacityProvider } from 'aws-cdk-lib/aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManagedNodejsFunction } from '../../src/cdk/index.ts';
import type { ManagedNodejsFunctionProps } from '../../src/cdk/index.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import type { TaskRoot } from '../helpers/task-root.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

let project: TaskRoot;
let output: TaskRoot;

beforeAll(async () => {
  output = await makeTaskRoot();
  project = await makeTaskRoot(FILES);
  const modules = `${project.path}/node_modules`;
  await mkdir(`${modules}/@node-rs`, { recursive: true });
  const packages = ['esbuild', '.bin', 'lru-cache', 'sharp', 'bcrypt', '@node-rs/argon2'];
  for (const name of packages) await symlink(`${PROJECT}node_modules/${name}`, `${modules}/${name}`);
});
afterAll(async () => {
  await project[Symbol.asyncDispose]();
  await output[Symbol.asyncDispose]();
});

describe('a package with native code', () => {
  it.each(['sharp', 'bcrypt', '@node-rs/argon2'])('%s must not be bundled', (name) => {
    const entry = `src/${name.replace('@node-rs/', '')}.ts`;
    expect(() => bundle({ entry })).toThrow(
      new RegExp(
        `^Stack/Function: ${entry} imports ${name}, which has native code that esbuild cannot bundle: list it in bundling.nodeModules, .*\\.$`,
      ),
    );
  });

  it('is named in the error, rather than the package that imports it', () => {
    expect(() => bundle({ entry: 'src/hashing.ts' })).toThrow(
      /^Stack\/Function: node_modules\/hashing\/index\.js imports bcrypt, which has native code[^;]+$/,
    );
    bundle({ entry: 'src/hashing.ts', bundling: { externalModules: ['bcrypt'] } });
  });

  it('must not be bundled into a module that the bootstrap names', () => {
    expect(() => bundle({ bootstrap: 'src/main-native.ts' })).toThrow(
      /^Stack\/Function: src\/sharp\.ts imports sharp, which has native code/,
    );
  });

  it('can stay outside the bundle', () => {
    const folder = bundle({ entry: 'src/sharp.ts', bundling: { externalModules: ['sharp'] } });
    expect(readdirSync(folder).toSorted()).toEqual(['index.mjs', 'node_modules']);
  });

  it('can belong to the function, which then needs a loader for its binary', () => {
    expect(() => bundle({ entry: 'src/addon.cjs' })).toThrow(
      "Stack/Function: src/addon.cjs imports src/addon.node, which esbuild cannot bundle: set a loader for it in bundling.loader, { '.node': 'copy' } for example.",
    );
    const folder = bundle({ entry: 'src/addon.cjs', bundling: { loader: { '.node': 'copy' } } });
    expect(readdirSync(folder)).toContainEqual(expect.stringMatching(/^addon-\w+\.node$/));
  });
});

describe('the report of esbuild', () => {
  it('is not deployed, because it has paths of the machine', () => {
    expect(readdirSync(bundle({ entry: 'src/cached.ts' }))).not.toContain('index.meta.json');
  });

  it('is kept if the function asks for it', () => {
    expect(readdirSync(bundle({ entry: 'src/cached.ts', bundling: { metafile: true } }))).toContain(
      'index.meta.json',
    );
  });
});

describe('a bootstrap', () => {
  it.each([
    [
      'src/main-missing.ts',
      'src/main-missing.ts names ./servces.ts, but there is no such file; src/main-missing.ts names ../data.ts, but there is no such file',
    ],
    [
      'src/main-text.ts',
      "src/main-text.ts names ./handler.ts as a string, but the bundle does not contain that file: write new URL('./handler.ts', import.meta.url); " +
        "src/main-text.ts names src/services.ts as a string, but the bundle does not contain that file: write new URL('./src/services.ts', import.meta.url)",
    ],
  ])('%s must name modules that exist on Lambda', (bootstrap, message) => {
    expect(() => bundle({ bootstrap })).toThrow(`Stack/Function: ${message}.`);
  });

  it('can name TypeScript modules as the JavaScript to which they are compiled', async () => {
    const folder = bundle({ bootstrap: 'src/main-compiled.ts' });
    const text = await readFile(join(folder, 'bootstrap.mjs'), 'utf8');
    expect(text).toContain('new URL("./index.mjs", import.meta.url)');
    expect(text).toContain('new URL("./services.mjs", import.meta.url)');
    expect(existsSync(join(folder, 'services.mjs'))).toBe(true);
  });

  it('cannot be the handler itself', () => {
    expect(() => bundle({ bootstrap: 'src/handler.ts' })).toThrow(
      `Stack/Function: bootstrap and entry are the same file, ${file('src/handler.ts')}: entry is the file of the handler`,
    );
  });

  it('that a variable names must be in the bundle', () => {
    expect(() => bundle({ environment: { LMR_BOOTSTRAP: 'src/main.ts' } })).toThrow(
      'Stack/Function: environment.LMR_BOOTSTRAP is src/main.ts, but the bundle has no such file: name the source file of the bootstrap in the property bootstrap instead.',
    );
  });

  it('that a variable names can come from a hook or a layer', () => {
    const commandHooks = {
      beforeBundling: () => [],
      beforeInstall: () => [],
      afterBundling: (input: string, folder: string) => [`cp ${input}/src/plain.mjs ${folder}/main.mjs`],
    };
    const folder = bundle({ environment: { LMR_BOOTSTRAP: 'main.mjs' }, bundling: { commandHooks } });
    expect(readdirSync(folder)).toContain('main.mjs');
    bundle({ environment: { LMR_BOOTSTRAP: '/opt/main.mjs' } });
  });
});

const HANDLER = 'export const handler = async () => count;';
const FILES = {
  'package.json': '{"type":"module"}',
  'package-lock.json': '{"name":"project","lockfileVersion":3,"packages":{}}',
  'src/handler.ts': 'export const handler = async () => 1;',
  'src/cached.ts': `import { LRUCache } from 'lru-cache'; const count = new LRUCache({ max: 1 }).size; ${HANDLER}`,
  'src/sharp.ts': `import sharp from 'sharp'; const count = sharp.concurrency(); ${HANDLER}`,
  'src/bcrypt.ts': `import { getRounds } from 'bcrypt'; const count = getRounds('$2b$10$'); ${HANDLER}`,
  'src/argon2.ts': `import { Algorithm } from '@node-rs/argon2'; const count = Algorithm.Argon2id; ${HANDLER}`,
  'src/hashing.ts': `import { getRounds } from 'hashing'; const count = getRounds('$2b$10$'); ${HANDLER}`,
  'node_modules/hashing/package.json': '{}',
  'node_modules/hashing/index.js': "exports.getRounds = (hash) => require('bcrypt').getRounds(hash);",
  'src/addon.cjs': "exports.handler = async () => require('./addon.node');",
  'src/addon.node': 'a binary',
  'src/plain.mjs': '',
  'src/services.ts': 'export const count = () => 1;',
  'src/main-native.ts': `import { createManagedRuntime } from 'lambda-managed-runtime';
    await createManagedRuntime(new URL('./handler.ts', import.meta.url), {
      services: new URL('./sharp.ts', import.meta.url),
    }).run();`,
  'src/main-missing.ts': `import { createManagedRuntime } from 'lambda-managed-runtime';
    await createManagedRuntime(new URL('./handler.ts', import.meta.url), {
      services: new URL('./servces.ts', import.meta.url),
      sharedData: new URL('../data.ts', import.meta.url),
    }).run();`,
  'src/main-text.ts': `import { createManagedRuntime } from 'lambda-managed-runtime';
    await createManagedRuntime('./handler.ts', { services: 'src/services.ts' }).run();`,
  'src/main-compiled.ts': `import { createManagedRuntime } from 'lambda-managed-runtime';
    // Not createManagedRuntime('./old.ts'), and not new URL('./old.ts', import.meta.url).
    await createManagedRuntime(new URL('./handler.js', import.meta.url), {
      services: new URL('./services.js', import.meta.url),
    }).run();`,
};

function file(name: string): string {
  return join(project.path, name);
}

let synthesised = 0;

/** Bundles a function. Returns the folder that would be uploaded. */
function bundle({
  entry = 'src/handler.ts',
  bootstrap,
  ...props
}: Partial<ManagedNodejsFunctionProps>): string {
  synthesised += 1;
  const app = new App({ outdir: join(output.path, String(synthesised)) });
  const stack = new Stack(app, 'Stack');
  const arn = 'arn:aws:lambda:eu-west-1:123456789012:capacity-provider:shared';
  new ManagedNodejsFunction(stack, 'Function', {
    entry: file(entry),
    ...(bootstrap !== undefined && { bootstrap: file(bootstrap) }),
    capacityProvider: CapacityProvider.fromCapacityProviderArn(stack, 'Shared', arn),
    projectRoot: project.path,
    depsLockFilePath: file('package-lock.json'),
    ...props,
  });
  const asset = readdirSync(app.outdir).find((name) => name.startsWith('asset.'));
  return join(app.outdir, asset ?? 'missing');
}
