import { expect, it } from 'vitest';
import { startRuntime } from '../helpers/start-runtime.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';

/** Fills libuv's pool, and counts its threads. */
const COUNTS = `
  import { pbkdf2 } from 'node:crypto';
  import { readdirSync, readFileSync } from 'node:fs';
  const derive = () => new Promise((resolve) => pbkdf2('word', 'salt', 1000, 32, 'sha256', resolve));
  const name = (thread) => readFileSync('/proc/self/task/' + thread + '/comm', 'utf8').trim();
  export const handler = async () => {
    await Promise.all(Array.from({ length: 32 }, derive));
    return readdirSync('/proc/self/task').map(name).filter((each) => each === 'libuv-worker').length;
  };`;

it.each([
  { set: undefined, threads: 16 },
  { set: '7', threads: 7 },
])('with 16 slots and UV_THREADPOOL_SIZE $set the command has $threads threads of libuv', async (libuv) => {
  await using root = await makeTaskRoot({ 'index.mjs': COUNTS });
  await using runtime = await startRuntime({
    handler: 'index.handler',
    taskRoot: root.path,
    concurrency: 16,
    env: {
      AWS_LAMBDA_NODEJS_WORKER_COUNT: '2',
      ...(libuv.set === undefined ? {} : { UV_THREADPOOL_SIZE: libuv.set }),
    },
  });
  expect(await runtime.invoke({})).toBe(libuv.threads);
});
