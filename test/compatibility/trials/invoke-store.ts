import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { build } from 'esbuild';
import type { FunctionProcess } from '../function-process.ts';
import type { Group, Services, Trial } from '../group.ts';
import { ALL, eventually, invokeInWaves, mostly } from '../waves.ts';
import type { Invocation } from '../waves.ts';

/** The store has the ids and the values of the invocation that reads it, and so have the lines of the console. */
async function proveStore(running: FunctionProcess, services: Services): Promise<void> {
  await running.ready();
  const results = await invokeInWaves(running, services, () => ({}));
  const wrong = ALL.filter((each, n) => !isDeepStrictEqual(results[n], expectedOf(each)));
  assert.deepEqual(mostly(wrong.map(({ n }) => JSON.stringify(results[n]))), []);
  await eventually(() => {
    const lines = Map.groupBy(running.log, ({ message }) => message);
    const expected = ALL.flatMap(({ requestId }) => [
      { requestId, message: `line of ${requestId}` },
      { requestId, message: `line within run() of ${requestId}` },
    ]);
    const problems = expected.flatMap(({ requestId, message }) => {
      const ids = (lines.get(message) ?? []).map((line) => line['requestId']);
      return isDeepStrictEqual(ids, [requestId]) ? [] : [`“${message}” has ${JSON.stringify(ids)}`];
    });
    assert.deepEqual(mostly(problems), []);
  });
}

const expectedOf = ({ requestId, root, parent }: Invocation) => ({
  requestId,
  traceId: `Root=${root};Parent=${parent};Sampled=1`,
  order: requestId,
  within: 'another',
});

const bundle = (root: string, store: string, format: 'cjs' | 'esm', outfile: string): Promise<unknown> =>
  build({
    absWorkingDir: root,
    entryPoints: ['stored.mjs'],
    outfile,
    alias: { '@aws/lambda-invoke-store': store },
    bundle: true,
    format,
    platform: 'node',
    logLevel: 'error',
  });

const trial = (version: string, api: string): Trial => {
  const name = `lambda-invoke-store-${version}`;
  return {
    name: `\`@aws/lambda-invoke-store\` ${version}, bundled in the handler`,
    packages: [name],
    shown: `ids and values of \`${api}\`, and the request ids of \`console.log()\`, also inside of its \`run()\`, are those of the invocation`,
    handlers: { CommonJS: `${name}/bundled.handler`, 'ES module': `${name}/bundled-esm.handler` },
    prepare: async ({ root }) => {
      await bundle(root, name, 'cjs', `${name}/bundled.js`);
      await bundle(root, name, 'esm', `${name}/bundled-esm.mjs`);
    },
    prove: proveStore,
  };
};

export const invokeStore: Group = {
  name: 'invoke-store',
  title: 'Old versions of AWS’s invoke store',
  trials: [
    trial('0.1', 'InvokeStore'),
    trial('0.2.1', 'InvokeStore.getInstanceAsync()'),
    trial('0.2.4', 'InvokeStore.getInstanceAsync()'),
  ],
};
