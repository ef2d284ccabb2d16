import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startFunction } from '../../examples/demo/function-process.ts';

vi.setConfig({ testTimeout: 60_000 });

/** Connects to its Runtime API, so that the test sees when it starts and ends. Ignores SIGTERM. */
const STUBBORN = `
  import { connect } from 'node:net';
  process.on('SIGTERM', () => {});
  connect(process.env.AWS_LAMBDA_RUNTIME_API.split(':')[1]);
`;

let folder: string;
let server: Server;
let address: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'function-'));
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

it('a function that exits is reported with its exit code and output', async () => {
  const { failed, stop } = await start('console.error("out of luck"); process.exitCode = 3');
  await expect(failed).rejects.toThrow("The function's process ended with exit code 3.\nout of luck");
  await stop();
});

it('a function receives the Runtime API and the number of slots in its environment', async () => {
  const { failed } = await start(
    'const { AWS_LAMBDA_RUNTIME_API: api, AWS_LAMBDA_MAX_CONCURRENCY: slots } = process.env; console.log(api, slots)',
  );
  await expect(failed).rejects.toThrow(`exit code 0.\n${address} 3`);
});

it('a function that does not stop is killed', async () => {
  const connected = once(server, 'connection');
  const { failed, stop } = await start(STUBBORN);
  await connected;
  await stop();
  await expect(failed).rejects.toThrow("The function's process ended with SIGKILL.");
});

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends the demo with the code %i, and also ends its function', async (signal, code) => {
  const connected = once(server, 'connection') as Promise<[Socket]>;
  const bootstrap = await write('main.mjs', STUBBORN);
  const demo = await write('demo.mjs', demoOf(bootstrap));
  const child = spawn(process.execPath, [demo], { stdio: 'inherit' });
  const [socket] = await connected;
  const gone = once(
    socket.on('error', () => undefined),
    'close',
  );
  child.kill(signal);
  expect(await once(child, 'close')).toEqual([code, null]);
  await gone;
});

async function start(source: string) {
  const bootstrap = pathToFileURL(await write('main.mjs', source));
  return startFunction(bootstrap, { runtimeApi: address, slots: 3 });
}

async function write(name: string, source: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, source);
  return file;
}

function demoOf(bootstrap: string): string {
  const module = (name: string) => JSON.stringify(new URL(`../../examples/demo/${name}`, import.meta.url));
  return `
    import { exitOnSignals } from ${module('exit-on-signals.ts')};
    import { startFunction } from ${module('function-process.ts')};
    exitOnSignals();
    startFunction(new URL(${JSON.stringify(pathToFileURL(bootstrap))}), { runtimeApi: '${address}', slots: 3 });
  `;
}
