import assert from 'node:assert/strict';
import type { Check } from './check.ts';
import { assertAnswer, invokeAsInReadme, serveLocally } from './local-function.ts';
import { environmentOf } from './nodes.ts';
import { COMMAND, createProject } from './project.ts';
import { exampleEvent, firstExample, localCommand } from './readme.ts';

/**
 * Follows the README with only the tarball: installs the package, writes the first example, runs it locally in both ways,
 * invokes it with curl's request and AWS's SDK, and tests it with the testing kit.
 */
export const quickStart: Check = async ({ tarball, nodes }, log) => {
  using project = await createProject(log, undefined, [tarball], DEPENDENCIES);
  project.write({ ...firstExample(), 'invoke.mjs': INVOKE, 'handler.test.mjs': TEST });
  for (const node of nodes) {
    const here = { cwd: project.path, env: environmentOf(node) };
    const command = [COMMAND, ...localCommand()];
    await serveLocally(log, node, project, command, (url) => invokeAsInReadme(log, url));
    await serveLocally(log, node, project, ['main.ts'], async (url) => {
      const output = await log.run(node.path, ['invoke.mjs', url, exampleEvent()], here);
      const { status, payload } = JSON.parse(output) as { status: number; payload: string };
      assertAnswer(status, JSON.parse(payload));
    });
    const tested = await log.run(node.path, ['--test', '--test-reporter=tap', 'handler.test.mjs'], here);
    assert.match(tested, /^# pass 1$/m);
  }
};

const DEPENDENCIES = ['sharp', '@aws-sdk/client-lambda'];

const INVOKE = `
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';

const [endpoint, event] = process.argv.slice(2);
const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
const client = new LambdaClient({ endpoint, region: 'us-east-1', credentials });
const { StatusCode, Payload } = await client.send(
  new InvokeCommand({ FunctionName: 'function', Payload: event }),
);
console.log(JSON.stringify({ status: StatusCode, payload: Payload.transformToString() }));
`;

const TEST = `
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createManagedRuntime } from 'lambda-managed-runtime';
import { startRuntimeApi } from 'lambda-managed-runtime/testing';

test('pictures, two at a time, and one without a width', async (t) => {
  const api = await startRuntimeApi();
  const handler = new URL('./handler.ts', import.meta.url);
  const runtime = createManagedRuntime(handler, { runtimeApi: api.address, concurrency: 2 });
  t.after(async () => {
    await runtime.stop();
    await api.close();
  });
  void runtime.run();

  const answers = await Promise.all([1, 2].map(() => api.invoke({ width: 100 })));
  for (const { payload } of answers) assert(payload.bytes > 100);
  assert.equal((await api.invoke({})).status, 'error');
});
`;
