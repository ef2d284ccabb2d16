import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { start } from '../helpers/child-process.ts';
import { startBootstrap } from '../helpers/start-runtime.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';

const THREADS = { concurrency: 2, threads: 1, logInvocations: false };

it('a file as stdout receives the lines of the threads and of the main thread', async () => {
  await using root = await makeTaskRoot();
  const path = join(root.path, 'lines.log');
  const fd = openSync(path, 'a');
  await using runtime = await startBootstrap('logs.mjs', THREADS, { stdio: ['ignore', fd, 'pipe', 'ipc'] });
  closeSync(fd);
  await runtime.invoke({ do: 'text', text: 'of a thread' });
  await runtime.stop();
  const messages = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { message: string }).message);
  expect(messages).toEqual(expect.arrayContaining(['The runtime is ready', 'of a thread', 'Stopping']));
});

it('after run() has ended, the process writes to its stdout as before', async () => {
  await using root = await makeTaskRoot({
    'handler.mjs': 'export const handler = async () => 1;',
    'main.mjs': `
      import { createManagedRuntime } from '${new URL('../../src/index.ts', import.meta.url)}';
      const stop = new AbortController();
      process.once('message', () => stop.abort());
      const options = { concurrency: 1, signal: stop.signal };
      await createManagedRuntime(new URL('./handler.mjs', import.meta.url), options).run();
      process.disconnect();
      process.stdout.write('written to ' + process.stdout.fd + '\\n');`,
  });
  await using api = await startRuntimeApiServer();
  const path = join(root.path, 'lines.log');
  const fd = openSync(path, 'a');
  const child = start(join(root.path, 'main.mjs'), [], {
    stdio: ['ignore', fd, 'inherit', 'ipc'],
    env: { AWS_LAMBDA_RUNTIME_API: api.address },
  });
  closeSync(fd);
  await api.whenPolling(1);
  child.send('stop');
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(readFileSync(path, 'utf8')).toMatch(/\nwritten to 1\n$/);
});

it('lines go to stdout if nobody listens on the socket', async () => {
  const env = { _LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET: '/not/there.sock' };
  await using runtime = await startBootstrap('logs.mjs', THREADS, { env });
  await runtime.invoke({ do: 'text', text: 'of a thread' });
  await runtime.whenLogged(/of a thread/);
});
