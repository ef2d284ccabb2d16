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

/**
 * `invoke.ts <example> [event] [--slots n] [--in-turn n]`: sends the event once per slot, concurrently, or with
 * `--in-turn` n times, one after another. Prints the responses and the log lines of the invocations.
 */
async function invoke(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { slots: { type: 'string', default: '1' }, 'in-turn': { type: 'string' } },
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
  const inTurn = values['in-turn'] === undefined ? 0 : wholeNumber('--in-turn', values['in-turn'], 1);

  const server = await startRuntimeApiServer({ functionName: name });
  const served = startFunction(new URL('main.ts', folder), {
    runtimeApi: server.address,
    slots,
    onLogLine: (line) => {
      if (line.includes('"requestId"')) console.log(line);
    },
  });
  const caller = openCaller(server, name, slots);
  try {
    const allSlotsFree = () => Promise.race([server.whenPolling(slots), served.failed]);
    const call = async () => console.log(JSON.stringify(await caller.call(event)));
    await allSlotsFree();
    if (inTurn === 0) await Promise.race([Promise.all(Array.from({ length: slots }, call)), served.failed]);
    for (let sent = 0; sent < inTurn; sent += 1) await Promise.race([call(), served.failed]);
    // A slot polls again when the background work of its invocation has ended.
    await allSlotsFree();
  } finally {
    caller.close();
    await served.stop();
    await server.close();
  }
}
