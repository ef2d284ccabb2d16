import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startBootstrap } from '../helpers/start-runtime.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';

const THREADS = { concurrency: 2, threads: 1, logInvocations: false };

it('a file takes the lines of the threads and of the main thread', async () => {
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

it('lines go to stdout where nobody listens at the socket', async () => {
  const env = { _LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET: '/not/there.sock' };
  await using runtime = await startBootstrap('logs.mjs', THREADS, { env });
  await runtime.invoke({ do: 'text', text: 'of a thread' });
  await runtime.whenLogged(/of a thread/);
});
