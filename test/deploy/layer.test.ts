import { execFile } from 'node:child_process';
import { copyFile, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unzip } from '../../scripts/unzip.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import type { TaskRoot } from '../helpers/task-root.ts';
import { makeBuiltPackage } from './built-package.ts';
import { startScript } from './start-script.ts';

/** The command line of AWS's client. */
const CLIENT = ['/var/lang/bin/node', '--expose-gc', '/var/runtime/index.mjs'];

let runtime: TaskRoot;
let root: TaskRoot;
/** Stands for /opt. */
let opt: string;
let output: string;

beforeAll(async () => {
  runtime = await makeBuiltPackage();
  root = await makeTaskRoot(FUNCTION);
  opt = join(root.path, 'opt');
  output = await writeLayer('layer.zip');
  await unzip(join(root.path, 'layer.zip'), opt);
});
afterAll(async () => {
  await root[Symbol.asyncDispose]();
  await runtime[Symbol.asyncDispose]();
});

describe('the command layer', () => {
  it('prints the size of the layer, and how to publish and use it', () => {
    expect(output).toMatch(
      /^layer\.zip: [\d,]+ kB, [\d,]+ kB unzipped, \d+ packages, for arm64 and x86_64\.\n/,
    );
    expect(output).toContain('--zip-file fileb://layer.zip\n');
    expect(output).toContain('AWS_LAMBDA_EXEC_WRAPPER=/opt/lambda-managed-runtime\n');
  });

  it('writes the same bytes each time', async () => {
    await writeLayer('again.zip');
    const [one, other] = await Promise.all(
      ['layer.zip', 'again.zip'].map((name) => readFile(join(root.path, name))),
    );
    expect(one?.equals(other as Buffer)).toBe(true);
  });

  it('writes only what runs on Lambda, and the licenses', async () => {
    const files = (await readdir(opt, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(opt.length + 1));
    const own = 'nodejs/node_modules/lambda-managed-runtime';
    expect(files).toContain(`${own}/THIRD-PARTY-LICENSES`);
    expect(files).toContain(`${own}/node_modules/undici/LICENSE`);
    // Other places may belong to packages of other layers.
    expect(files.filter((file) => !file.startsWith(`${own}/`))).toEqual(['lambda-managed-runtime']);
    // Types, source maps, documentation, native binaries, the console's page.
    expect(files.filter((file) => /\.(?:[cm]?ts|map|node|css|html)$|README/.test(file))).toEqual([]);
  });

  it('omits what only the repository contains when it runs there', async () => {
    const command = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
    const args = [command, 'layer', '--out', 'repository.zip'];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root.path });
    const [, packages] = /, (\d+) packages, /.exec(stdout) ?? [];
    expect(output).toContain(`, ${packages} packages, `);
    const folder = join(root.path, 'repository');
    await unzip(join(root.path, 'repository.zip'), folder);
    const own = await readdir(`${folder}/nodejs/node_modules/lambda-managed-runtime`);
    // Without a build, there are fewer.
    const published = ['LICENSE', 'THIRD-PARTY-LICENSES', 'deploy', 'dist', 'node_modules', 'package.json'];
    expect(own.filter((name) => !published.includes(name))).toEqual([]);
    expect(await readFile(`${folder}/lambda-managed-runtime`)).toEqual(
      await readFile(`${opt}/lambda-managed-runtime`),
    );
  });

  it('fails if the file cannot be written', async () => {
    const failed = await writeLayer('missing/layer.zip').catch((error: unknown) => error);
    expect(failed).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^lambda-managed-runtime: ENOENT: .*missing\/layer\.zip/),
    });
  });
});

describe('a function without node_modules', () => {
  it.each([
    ['an ES module', 'esm.handler', '2'],
    ['an ES module, in single mode,', 'esm.handler', '1'],
    ['a CommonJS module', 'cjs.handler', '2'],
  ])('whose handler is %s imports the package from the layer', async (_what, handler, slots) => {
    const env = { _HANDLER: handler, AWS_LAMBDA_MAX_CONCURRENCY: slots };
    await using started = await startScript({
      command: [`${opt}/lambda-managed-runtime`, ...CLIENT],
      taskRoot: root.path,
      env,
    });
    await started.whenPolling(Number(slots));
    const answers = await Promise.all(
      Array.from({ length: Number(slots) }, (_, n) => started.invoke({ n }, { requestId: `request-${n}` })),
    );
    expect(answers).toEqual(answers.map((_, n) => ({ n, requestId: `request-${n}` })));
    expect(await started.stop()).toEqual({ code: 0, signal: null });
    expect(started.output.stdout.match(/The hook has run/g)).toHaveLength(Number(slots));
  });

  it('streams', async () => {
    await using started = await startScript({
      command: [`${opt}/lambda-managed-runtime`, ...CLIENT],
      taskRoot: root.path,
      env: { _HANDLER: 'esm.streaming' },
    });
    const { body } = await started.response('{}');
    expect(body.toString()).toBe('one, two');
  });

  it('can have its own bootstrap', async () => {
    await using started = await startScript({
      command: [`${opt}/lambda-managed-runtime`, ...CLIENT],
      taskRoot: root.path,
      env: { LMR_BOOTSTRAP: 'main.mjs' },
    });
    expect([await started.invoke({}), await started.invoke({})]).toEqual([1, 2]);
  });

  it('reports an import that the package does not export', async () => {
    await using started = await startScript({
      command: [`${opt}/lambda-managed-runtime`, ...CLIENT],
      taskRoot: root.path,
      env: { _HANDLER: 'wrong.handler' },
    });
    await started.exited;
    expect(started.output.stdout + started.output.stderr).toMatch(/ERR_PACKAGE_PATH_NOT_EXPORTED|'\.\/none'/);
  });

  it('on provided.al2023 starts through a copy of bootstrap', async () => {
    // On Lambda, the copy is in the function and looks in /opt. Here, it is in the root of the layer.
    await copyFile(`${opt}/nodejs/node_modules/lambda-managed-runtime/deploy/bootstrap`, `${opt}/bootstrap`);
    await using started = await startScript({
      command: [`${opt}/bootstrap`],
      taskRoot: root.path,
      env: { _HANDLER: 'esm.handler' },
    });
    expect(await started.invoke({ n: 1 }, { requestId: 'request' })).toEqual({ n: 1, requestId: 'request' });
  });
});

const FUNCTION = {
  'esm.mjs': `import { getContext, onShutdown, streamifyResponse } from 'lambda-managed-runtime/worker';
onShutdown(() => console.log('The hook has run.'));
export const handler = async ({ n }) => ({ n, requestId: getContext().awsRequestId });
export const streaming = streamifyResponse(async (_event, stream) => {
  stream.write('one, ');
  stream.end('two');
});`,
  'cjs.cjs': `const { getContext, onShutdown } = require('lambda-managed-runtime/worker');
onShutdown(() => console.log('The hook has run.'));
exports.handler = async ({ n }) => ({ n, requestId: getContext().awsRequestId });`,
  'wrong.mjs': "import 'lambda-managed-runtime/none'; export const handler = () => 1;",
  'main.mjs': `import { createManagedRuntime } from 'lambda-managed-runtime';
const url = (file) => new URL(file, import.meta.url);
await createManagedRuntime(url('./served.mjs'), { services: url('./services.mjs') }).run();`,
  'served.mjs': `import { useServices } from 'lambda-managed-runtime/worker';
const { count } = useServices();
export const handler = async () => count();`,
  'services.mjs': 'let calls = 0; export const count = () => ++calls;',
};

/** Runs the command. Resolves with its output. */
async function writeLayer(out: string): Promise<string> {
  const args = [`${runtime.path}/dist/src/cli/main.js`, 'layer', '--out', out];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root.path });
  return stdout;
}
