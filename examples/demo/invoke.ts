import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { openCaller } from './caller.ts';
import { exitOnSignals } from './exit-on-signals.ts';
import { startFunction } from './function-process.ts';
import { wholeNumber } from './whole-number.ts';

exitOnSignals();
try {
  await invoke();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}

/** `invoke.ts <example> [event] [--slots n]`: sends the event once per slot, concurrently, and prints the responses. */
async function invoke(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { slots: { type: 'string', default: '1' } },
  });
  const [name = '', json] = positionals;
  const folder = new URL(`../${encodeURIComponent(name)}/`, import.meta.url);
  const sample = new URL('event.json', folder);
  if (!existsSync(sample)) {
    throw new Error(
      'Name an example: hello-json, image, crypto, background-tasks, shared-cache or streaming.',
    );
  }
  const event = JSON.parse(json ?? readFileSync(sample, 'utf8')) as object;
  const slots = wholeNumber('--slots', values.slots, 1);

  const server = await startRuntimeApiServer({ functionName: name });
  const served = startFunction(new URL('main.ts', folder), { runtimeApi: server.address, slots });
  const caller = openCaller(server, name, slots);
  try {
    await Promise.race([server.whenParked(slots), served.failed]);
    const calls = Array.from({ length: slots }, async () => console.log(await caller.call(event)));
    await Promise.race([Promise.all(calls), served.failed]);
  } finally {
    caller.close();
    await served.stop();
    await server.close();
  }
}
