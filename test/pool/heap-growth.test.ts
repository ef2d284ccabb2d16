/** When heap growth is limited: with that flag, V8 rejects compiled code, even that of Node.js itself. */
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { POLL_OPTIONS, startRuntime } from '../helpers/start-runtime.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';

const SOURCE = 'add(1, 2); // 000';
const COMPILE = `const { Script } = require('node:vm');
  process.stdout.write(new Script('${SOURCE}').createCachedData().toString('base64'));`;

/** V8 caches the sources that it has seen, and checks only the length of others. */
const HANDLER = `
  import { Script } from 'node:vm';
  const cachedData = Buffer.from(process.env.COMPILED, 'base64');
  let sources = 100;
  const accepts = () => {
    sources += 1;
    return !new Script('add(1, 2); // ' + sources, { cachedData }).cachedDataRejected;
  };
  const whenLoaded = accepts();
  export const handler = async () => ({ whenLoaded, now: accepts() });`;

it('threads load the compiled code of Node.js before heap growth is limited', async () => {
  await using root = await makeTaskRoot({ 'index.mjs': HANDLER });
  const compiled = execFileSync(process.execPath, ['--eval', COMPILE], { encoding: 'utf8' });
  await using runtime = await startRuntime({
    taskRoot: root.path,
    concurrency: 4,
    handler: 'index.handler',
    env: { COMPILED: compiled, AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '4096' },
  });
  await expect.poll(() => runtime.invoke({}), POLL_OPTIONS).toEqual({ whenLoaded: true, now: false });
});
