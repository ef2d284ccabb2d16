import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Runtime } from 'aws-cdk-lib/aws-lambda';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bundleBootstrap } from '../../src/cdk/bundle-bootstrap.ts';
import { bundlingOf } from '../../src/cdk/bundling-options.ts';
import type { FinishTask } from '../../src/cdk/bundling-hook.ts';
import type { ManagedNodejsFunctionProps } from '../../src/cdk/index.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import type { TaskRoot } from '../helpers/task-root.ts';

let project: TaskRoot;
beforeEach(async () => {
  project = await makeTaskRoot(FILES);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await project[Symbol.asyncDispose]();
});

const url = (path: string) => `new URL('${path}', import.meta.url)`;
const runs = (handler: string, options = '{}') =>
  `import { createManagedRuntime } from 'lambda-managed-runtime';\nawait createManagedRuntime(${handler}, ${options}).run();`;

const FILES = {
  'package-lock.json': '{}',
  'tsconfig.json': '{"compilerOptions":{"experimentalDecorators":true}}',
  'output/index.mjs': 'export const handler = () => 1;',
  'output/ready.mjs': 'export const services = {};',
  'src/handler.ts': 'export const handler = () => 1;',
  'src/a/state.ts': `export const state = 'a';`,
  'src/b/state.ts': `export const state = 'b';`,
  'src/two-states.ts': runs(
    url('./handler.ts'),
    `{ services: ${url('./a/state.ts')}, sharedData: ${url('./b/state.ts')}, codec: ${url('./a/state.ts')} }`,
  ),
  'src/other-handler.ts': runs(url('./a/state.ts')),
  'src/bundled-names.ts': runs(`'index.mjs'`, `{ services: 'ready.mjs' }`),
  'src/decorated.ts': `${runs(url('./handler.ts'))}
class Injected { constructor(@inject readonly value: number) {} }
function inject(target: object, key: undefined, index: number) { console.log(target, key, index); }
console.log(new Injected(1));`,
};

/** Bundles a bootstrap. Resolves with the text of the bundle. */
async function bundle(bootstrap: string): Promise<string> {
  const folder = join(project.path, 'output');
  await bundleBootstrap(
    {
      file: join(project.path, bootstrap),
      output: 'bootstrap.mjs',
      handler: { file: join(project.path, 'src/handler.ts'), output: 'index.mjs' },
      banner: '',
      external: ['lambda-managed-runtime'],
      target: 'node24',
      minify: false,
      keepNames: false,
      sourceMap: false,
      define: {},
      loader: {},
    },
    folder,
    project.path,
  );
  return readFile(join(folder, 'bootstrap.mjs'), 'utf8');
}

describe('the bundle of a bootstrap', () => {
  it('has one file for each module that it names, even if two modules have the same name', async () => {
    const text = await bundle('src/two-states.ts');
    expect([...text.matchAll(/new URL\("(.*?)", import\.meta\.url\)/g)].map(([, name]) => name)).toEqual([
      './index.mjs',
      './state.mjs',
      './state-2.mjs',
      './state.mjs',
    ]);
    const states = ['state.mjs', 'state-2.mjs'].map((name) =>
      readFile(`${project.path}/output/${name}`, 'utf8'),
    );
    expect(await Promise.all(states)).toEqual([
      expect.stringContaining('state = "a"'),
      expect.stringContaining('state = "b"'),
    ]);
    expect(existsSync(`${project.path}/output/state-3.mjs`)).toBe(false);
  });

  it('accepts a bootstrap that names the files by their names in the bundle', async () => {
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect(await bundle('src/bundled-names.ts')).toContain('createManagedRuntime("index.mjs"');
    expect(stderr).not.toHaveBeenCalled();
  });

  it('is made with a warning if the bootstrap runs a handler other than the function’s', async () => {
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    await bundle('src/other-handler.ts');
    expect(stderr.mock.calls.map(([text]) => text)).toEqual([
      `${project.path}/src/other-handler.ts does not name the handler as new URL('./handler.ts', import.meta.url). In the bundle, the handler is index.mjs.\n`,
    ]);
  });

  it('is made with the tsconfig.json of the project, without which the code cannot be parsed', async () => {
    expect(await bundle('src/decorated.ts')).toContain('new URL("./index.mjs", import.meta.url)');
  });

  it("is made with the project's esbuild, whose errors are reported", async () => {
    await mkdir(`${project.path}/node_modules/esbuild`, { recursive: true });
    await writeFile(
      `${project.path}/node_modules/esbuild/index.js`,
      `throw new Error('installed for another platform');`,
    );
    await expect(bundle('src/two-states.ts')).rejects.toThrow('installed for another platform');
  });
});

describe('the root of the project, to which paths in Docker are relative,', () => {
  it.each([
    ['the folder that the function names', { projectRoot: '.' }, '/asset-input/src/main.ts'],
    [
      'the folder of the lock file that it names',
      { depsLockFilePath: 'src/yarn.lock' },
      '/asset-input/main.ts',
    ],
    ['the nearest folder with a lock file', {}, '/asset-input/src/main.ts'],
  ])('is %s', (_which, props, main) => {
    vi.spyOn(process, 'cwd').mockReturnValue(`${project.path}/src/a`);
    const absolute = Object.entries(props).map(([name, path]) => [name, join(project.path, path)]);
    expect(mainInDocker(Object.fromEntries(absolute))).toBe(main);
  });

  it('is the working directory if no folder has a lock file', () => {
    vi.spyOn(process, 'cwd').mockReturnValue('/');
    expect(mainInDocker({})).toBe(`/asset-input${project.path}/src/main.ts`);
  });
});

/** The path by which a container finds the bootstrap. */
function mainInDocker(props: Partial<ManagedNodejsFunctionProps>): string | undefined {
  const { commandHooks } = bundlingOf(
    {
      entry: join(project.path, 'src/handler.ts'),
      bootstrap: join(project.path, 'src/main.ts'),
      ...props,
    } as ManagedNodejsFunctionProps,
    Runtime.NODEJS_24_X,
  );
  const [command = ''] = commandHooks?.afterBundling('/asset-input', '/asset-output') ?? [];
  const task = JSON.parse(Buffer.from(command.split(' ').at(-1) ?? '', 'base64url').toString()) as FinishTask;
  return task.bootstrap?.file;
}
