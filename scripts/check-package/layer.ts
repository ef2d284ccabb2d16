import assert from 'node:assert/strict';
import { join } from 'node:path';
import { unzip } from '../unzip.ts';
import type { Check } from './check.ts';
import { runOnLambda } from './lambda-function.ts';
import { environmentOf } from './nodes.ts';
import { COMMAND, createProject } from './project.ts';

/** Makes the layer with the installed package, unpacks it, and serves functions without node_modules from it. */
export const layer: Check = async ({ tarball, nodes }, log) => {
  using project = await createProject(log, undefined, [tarball]);
  using task = await createProject(log, {}, []);
  task.write(FUNCTION);
  for (const node of nodes) {
    const opt = join(project.path, `opt-${node.major}`);
    const here = { cwd: project.path, env: environmentOf(node) };
    await log.run(node.path, [COMMAND, 'layer', '--out', 'layer.zip'], here);
    await unzip(join(project.path, 'layer.zip'), opt);
    for (const env of [
      { _HANDLER: 'esm.handler' },
      { _HANDLER: 'cjs.handler' },
      { LMR_BOOTSTRAP: 'main.mjs' },
    ])
      await runOnLambda(
        log,
        node,
        { wrapper: join(opt, 'lambda-managed-runtime'), taskRoot: task.path, env },
        async (api) => {
          const answer = await api.invoke({ n: 7 }, { requestId: 'request-1' });
          assert(answer.status === 'response');
          assert.deepEqual(answer.payload, { n: 7, requestId: 'request-1' });
        },
      );
  }
};

const FUNCTION = {
  'esm.mjs': `
import { getContext } from 'lambda-managed-runtime/worker';
export const handler = async ({ n }) => ({ n, requestId: getContext().awsRequestId });
`,
  'cjs.cjs': `
const { getContext } = require('lambda-managed-runtime/worker');
exports.handler = async ({ n }) => ({ n, requestId: getContext().awsRequestId });
`,
  'main.mjs': `
import { createManagedRuntime } from 'lambda-managed-runtime';
await createManagedRuntime(new URL('./esm.mjs', import.meta.url)).run();
`,
};
