import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startRuntimeApi } from '../../src/testing/runtime-api.ts';
import type { Check } from './check.ts';
import type { Log } from './log.ts';
import { environmentOf } from './nodes.ts';
import type { NodeBinary } from './nodes.ts';
import { COMMAND, createProject } from './project.ts';
import type { Project } from './project.ts';

/** Checks which bundled packages a start on Lambda, with threads, loads: the one that checks the options, and the command's parser. */
export const lambdaStart: Check = async ({ tarball, nodes }, log) => {
  using project = await createProject(log, { type: 'module' }, [tarball]);
  project.write({ 'record.mjs': RECORD, 'main.mjs': MAIN, 'handler.mjs': HANDLER });
  for (const node of nodes) {
    const loaded = await loadedBy(['main.mjs'], node, project, log);
    assert.deepEqual(bundledIn(loaded), ['valibot']);
    assert.deepEqual(loaded.filter(hasHelpers), [], 'A start loads helpers for CommonJS modules.');
    assert.deepEqual(bundledIn(await loadedBy([COMMAND], node, project, log)), ['commander', 'valibot']);
  }
};

/** Runs a function on Lambda's Runtime API until two threads have answered. Resolves with the files that it has loaded. */
async function loadedBy(args: string[], node: NodeBinary, project: Project, log: Log): Promise<string[]> {
  log.write(`$ Node ${node.major}: node --import ./record.mjs ${args.join(' ')}\n`);
  const api = await startRuntimeApi();
  const child = spawn(node.path, ['--import', './record.mjs', ...args], {
    cwd: project.path,
    env: {
      ...environmentOf(node),
      AWS_LAMBDA_RUNTIME_API: api.address,
      AWS_LAMBDA_MAX_CONCURRENCY: '2',
      LAMBDA_TASK_ROOT: project.path,
      _HANDLER: 'handler.handler',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const closed = once(child, 'close');
  const answers = Promise.all([api.invoke({}), api.invoke({})]);
  const ended = closed.then(() => assert.fail(`The function has ended before it answered:\n${output}`));
  try {
    for (const answer of await Promise.race([answers, ended])) assert.equal(answer.status, 'response');
  } finally {
    ended.catch(() => undefined);
    child.kill();
    await closed;
    await api.close();
  }
  const builtins = [...output.matchAll(/^loaded by the worker threads: (node:.+)$/gm)].map(
    ([, name]) => name,
  );
  assert(!builtins.includes('node:child_process'), 'Each thread loads node:child_process, which takes 2 ms.');
  const loaded = [...output.matchAll(/^loaded by (.+): (file:.+)$/gm)];
  for (const [thread, files] of Map.groupBy(loaded, ([, name]) => name))
    log.write(`${thread}: ${files.length} files\n`);
  return [...new Set(loaded.map(([, , url = '']) => fileURLToPath(url)))];
}

/** Lists the packages whose code is in files. esbuild marks the code of each file with a comment. */
function bundledIn(files: readonly string[]): string[] {
  const own = files.filter((file) => file.includes('/lambda-managed-runtime/dist/'));
  assert(own.length > 0, 'No file of the package was loaded.');
  const code = own.map((file) => readFileSync(file, 'utf8')).join('\n');
  return [...new Set(code.matchAll(MARK).map(([, name = '']) => name))].toSorted();
}

/** Whether a file defines what esbuild adds for bundled CommonJS modules. */
const hasHelpers = (file: string) => /\b__commonJS ?= ?/.test(readFileSync(file, 'utf8'));

const MARK = /^\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)\//gm;

/** Is loaded first in each thread, and reports what the thread loads. */
const RECORD = `
import { writeSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const name = isMainThread ? 'the main thread' : 'the worker threads';
registerHooks({
  load(url, context, nextLoad) {
    writeSync(2, 'loaded by ' + name + ': ' + url + '\\n');
    return nextLoad(url, context);
  },
});
`;

const MAIN = `
import { createManagedRuntime } from 'lambda-managed-runtime';
await createManagedRuntime(new URL('./handler.mjs', import.meta.url)).run();
`;

const HANDLER = `
export const handler = async () => 'answer';
`;
