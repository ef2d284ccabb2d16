import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { startRuntimeApi } from '../../src/testing/runtime-api.ts';
import type { RuntimeApi } from '../../src/testing/runtime-api.ts';
import type { Log } from './log.ts';
import { environmentOf } from './nodes.ts';
import type { NodeBinary } from './nodes.ts';

interface LambdaFunction {
  /** The wrapper that Lambda starts. */
  readonly wrapper: string;
  readonly taskRoot: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Starts a wrapper as Lambda does, calls `use` with the Runtime API, and ends the process. */
export async function runOnLambda(
  log: Log,
  node: NodeBinary,
  { wrapper, taskRoot, env }: LambdaFunction,
  use: (api: RuntimeApi) => Promise<void>,
): Promise<void> {
  log.write(`$ Node ${node.major}: ${wrapper}\n`);
  const api = await startRuntimeApi();
  const child = spawn(wrapper, ['/var/lang/bin/node', '/var/runtime/index.mjs'], {
    cwd: '/',
    env: {
      ...environmentOf(node),
      AWS_LAMBDA_RUNTIME_API: api.address,
      AWS_LAMBDA_MAX_CONCURRENCY: '2',
      LAMBDA_TASK_ROOT: taskRoot,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => log.write(text));
  const closed = once(child, 'close');
  const ended = closed.then(() => assert.fail('The function has ended before it answered.'));
  try {
    await Promise.race([use(api), ended]);
  } finally {
    ended.catch(() => undefined);
    child.kill();
    await closed;
    await api.close();
  }
}
