import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isDeepStrictEqual, promisify } from 'node:util';
import type { FunctionProcess } from '../function-process.ts';
import type { Group, Services, Trial } from '../group.ts';
import { ALL, invokeInWaves, mostly } from '../waves.ts';

interface Result {
  /** The files of a dependency and of the runtime. */
  readonly found: readonly string[];
}

/** Each thread loads the handler and its dependency from where the package manager has put them. */
function proveResolved(where: RegExp) {
  return async (running: FunctionProcess, services: Services): Promise<void> => {
    await running.ready();
    const results = await invokeInWaves<Result>(running, services, () => ({}));
    const wrong = ALL.filter(({ requestId }, n) => {
      const { found = [], ...rest } = results[n] ?? {};
      return (
        !isDeepStrictEqual(rest, { requestId, version: '1.2.3' }) ||
        found.length !== 2 ||
        !found.every((file) => where.test(file))
      );
    });
    assert.deepEqual(mostly(wrong.map(({ n }) => JSON.stringify(results[n]))), []);
  };
}

const PROJECT_ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const RUNTIME = 'lambda-managed-runtime';
const installed = new Map<string, Promise<void>>();

/** Installs the built runtime and the function's dependency with a package manager, once for all cases. */
function installProject(root: string, name: string, command: readonly string[]): Promise<void> {
  const installing = installed.get(name) ?? startInstalling(root, join(root, name), command);
  installed.set(name, installing);
  return installing;
}

async function startInstalling(root: string, project: string, command: readonly string[]): Promise<void> {
  rmSync(project, { recursive: true, force: true });
  cpSync(join(root, 'project'), project, { recursive: true });
  for (const entry of ['package.json', 'dist', 'deploy'])
    cpSync(join(PROJECT_ROOT, entry), join(project, RUNTIME, entry), { recursive: true });
  const [registry, cafile] = await Promise.all([npmSetting('registry'), npmSetting('cafile')]);
  const env = {
    ...process.env,
    YARN_NPM_REGISTRY_SERVER: registry.replace(/\/$/, ''),
    ...(cafile !== 'null' && { YARN_HTTPS_CA_FILE_PATH: cafile }),
  };
  await run(process.execPath, [join(root, 'node_modules', ...command.slice(0, 1)), ...command.slice(1)], {
    cwd: project,
    env,
  });
}

const run = promisify(execFile);

/** Yarn does not read npm's settings. */
async function npmSetting(name: string): Promise<string> {
  const { stdout } = await run('npm', ['config', 'get', name]);
  return stdout.trim();
}

const base = {
  shown:
    'the threads find the runtime, the handler and its dependency where the package manager has put them',
  handlers: { CommonJS: 'index.js', 'ES module': 'esm.mjs' },
  wrapper: 'start-project',
} satisfies Partial<Trial>;

export const packageManagers: Group = {
  name: 'package-managers',
  title: 'Package managers',
  trials: [
    {
      ...base,
      name: 'Yarn Plug’n’Play, with `pnpEnableEsmLoader: true`',
      set: '`NODE_OPTIONS="--require ./.pnp.cjs --experimental-loader ./.pnp.loader.mjs"`, as `yarn node` does',
      packages: ['@yarnpkg/cli-dist'],
      prepare: ({ root }) => installProject(root, 'yarn', ['@yarnpkg/cli-dist/bin/yarn.js', 'install']),
      env: ({ root }) => ({
        PROJECT: join(root, 'yarn'),
        NODE_OPTIONS: `--require ${join(root, 'yarn/.pnp.cjs')} --experimental-loader ${pathToFileURL(join(root, 'yarn/.pnp.loader.mjs')).href}`,
      }),
      prove: proveResolved(/\/yarn\/\.yarn\/.+\.zip\//),
    },
    {
      ...base,
      name: 'pnpm',
      packages: ['pnpm'],
      prepare: ({ root }) =>
        installProject(root, 'pnpm', [
          'pnpm/bin/pnpm.mjs',
          'install',
          '--ignore-scripts',
          '--no-frozen-lockfile',
        ]),
      env: ({ root }) => ({ PROJECT: join(root, 'pnpm') }),
      prove: proveResolved(/\/pnpm\/node_modules\/\.pnpm\//),
    },
  ],
};
