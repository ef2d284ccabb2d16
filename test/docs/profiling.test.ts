import { readFileSync } from 'node:fs';
import { symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { ThreadCpuProfile } from '../../src/index.ts';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { canProfileThreads } from '../../src/pool/cpu-profile.ts';
import { ROOT } from '../../scripts/root.ts';
import { start } from '../helpers/child-process.ts';
import { LONG_TIMEOUT, POLL_OPTIONS, RunningRuntime } from '../helpers/start-runtime.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import { codeBlocks, shownFiles } from './code-blocks.ts';

/** Computes until a file exists, in a recursive function: V8 may charge an optimized loop to its caller. */
const HANDLER = `
import { existsSync } from 'node:fs';
export function handler({ until }) {
  while (!existsSync(until)) crunch(20);
}
function crunch(depth) {
  return depth === 0 ? 1 : crunch(depth - 1) + crunch(depth - 1);
}
`;

/** The files that the page shows, changed to import the sources of the package. */
const FILES = Object.fromEntries(
  codeBlocks(readFileSync(`${ROOT}docs/profiling.md`, 'utf8'))
    .filter(({ language }) => language === 'ts')
    .flatMap(shownFiles)
    .map(({ name, code }) => [name, code.replaceAll(`'lambda-managed-runtime'`, `'${ROOT}src/index.ts'`)]),
);

describe.runIf(canProfileThreads())('the recipes of docs/profiling.md', () => {
  it('on a schedule, profiles of all threads go to S3', async () => {
    await using recipe = await startRecipe('on-a-schedule.ts', [
      ['EVERY_MS = 3_600_000', 'EVERY_MS = 1_000'],
      ['seconds: 5', 'seconds: 0.2'],
    ]);
    const paths = () => [...recipe.objects.keys()].map((path) => path.replace(/\/[\d-]+T[^/]+Z\//, '/TIME/'));
    const names = ['main', 'thread-1', 'thread-2'];
    const expected = names.map((name) => `/profiles-of-ours/pictures/TIME/${name}.cpuprofile`);
    await expect.poll(paths, POLL_OPTIONS).toEqual(expect.arrayContaining(expected));
  });

  it('the thread that is busy for a minute is profiled, once', async () => {
    await using recipe = await startRecipe('when-busy.ts', [
      ['BUSY_MS = 60_000', 'BUSY_MS = 500'],
      ['LOOK_EVERY_MS = 5_000', 'LOOK_EVERY_MS = 50'],
    ]);
    const { runtime } = recipe;
    const gate = `${recipe.path}/done`;
    const result = runtime.api.invoke(JSON.stringify({ until: gate }), {
      requestId: 'long',
      whenCapacity: true,
    });
    await expect.poll(() => recipe.objects.size, POLL_OPTIONS).toBe(1);
    const [[path, body]] = [...recipe.objects] as [[string, string]];
    expect(path).toMatch(/\/thread-[12]\.cpuprofile$/);
    const profile = JSON.parse(body) as ThreadCpuProfile;
    expect(profile.invocations).toMatchObject([{ requestId: 'long' }]);
    expect(profile.nodes.map(({ callFrame }) => callFrame.functionName)).toContain('crunch');
    await writeFile(gate, '');
    expect(await result).toMatchObject({ status: 'response' });
    expect(recipe.objects.size).toBe(1);
  });
});

/** Starts a bootstrap of the page, with its times shortened, and a server in the place of S3. */
async function startRecipe(name: string, changes: readonly (readonly [string, string])[]) {
  const bootstrap = changes.reduce((code, [from, to]) => {
    expect(code).toContain(from);
    return code.replace(from, to);
  }, FILES[name] ?? '');
  const root = await makeTaskRoot({
    'package.json': '{"type":"module"}',
    'handler.mjs': HANDLER,
    ...FILES,
    [name]: bootstrap,
  });
  await symlink(`${ROOT}node_modules`, `${root.path}/node_modules`);
  const objects = new Map<string, string>();
  const s3 = createServer(async (request, response) => {
    objects.set((request.url ?? '').split('?')[0] ?? '', await text(request));
    response.end();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => s3.once('listening', resolve));
  const api = await startRuntimeApiServer(LONG_TIMEOUT);
  const child = start(`${root.path}/${name}`, [], {
    env: {
      AWS_LAMBDA_RUNTIME_API: api.address,
      AWS_LAMBDA_MAX_CONCURRENCY: '2',
      AWS_LAMBDA_FUNCTION_NAME: 'pictures',
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${(s3.address() as AddressInfo).port}`,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REQUEST_CHECKSUM_CALCULATION: 'WHEN_REQUIRED',
      PROFILE_BUCKET: 'profiles-of-ours',
    },
  });
  const runtime = new RunningRuntime(api, child);
  return {
    runtime,
    objects,
    path: root.path,
    async [Symbol.asyncDispose]() {
      await runtime[Symbol.asyncDispose]();
      s3.close();
      s3.closeAllConnections();
      await root[Symbol.asyncDispose]();
    },
  };
}
