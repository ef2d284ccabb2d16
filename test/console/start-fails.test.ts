import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { INVOCATION_CHANNEL, THREAD_CHANNEL } from '../../src/observability/channels.ts';
import { NODE_VARIABLES } from '../helpers/child-process.ts';
import { HANDLERS } from '../helpers/start-runtime.ts';

const run = promisify(execFile);

it('if the local server cannot listen, the console unsubscribes from the channels', async () => {
  await using taken = await startRuntimeApiServer();
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', BOOTSTRAP], {
    env: { ...NODE_VARIABLES, LOCAL_LAMBDA_PORT: String(taken.port) },
  });
  expect(JSON.parse(stdout)).toEqual({ code: 'LOCAL_SERVER_FAILED', listened: [false, false] });
});

const BOOTSTRAP = `
  import { tracingChannel } from 'node:diagnostics_channel';
  import { createManagedRuntime } from ${JSON.stringify(new URL('../../src/index.ts', import.meta.url))};
  const runtime = createManagedRuntime(${JSON.stringify(`${HANDLERS}echo.mjs`)}, { concurrency: 2 });
  const code = await runtime.run().then(() => 'none', (error) => error.code);
  const listened = ${JSON.stringify([INVOCATION_CHANNEL, THREAD_CHANNEL])}.map(
    (name) => tracingChannel(name).hasSubscribers,
  );
  console.log(JSON.stringify({ code, listened }));`;
