/** Random healthy and faulty events, an API that fails at the same time, and thread after thread that dies. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { seededRandom } from '../../src/cli/bench/seeded-random.ts';
import { raiseFaults } from './api-faults.ts';
import { drawEvent } from './events.ts';
import { Vitals } from './vitals.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    threads: { type: 'string', default: '8' },
    'per-thread': { type: 'string', default: '1' },
  },
});
const threads = Number(values.threads);
const slots = threads * Number(values['per-thread']);
const random = seededRandom(Number(values.seed));
const minutes = Number(values.minutes);
const endMs = performance.now() + minutes * 60_000;
/** In less time one thread that fills its heap outweighs all else. */
const LONG_MINUTES = 5;

const api = await startRuntimeApiServer({ functionName: 'storm', deliveryHistory: 10_000_000 });
const runtime = spawn(process.execPath, [fileURLToPath(new URL('./bootstrap.ts', import.meta.url))], {
  stdio: ['ignore', 'pipe', 'inherit'],
  env: {
    ...process.env,
    AWS_LAMBDA_RUNTIME_API: api.address,
    AWS_LAMBDA_MAX_CONCURRENCY: String(slots),
    AWS_LAMBDA_NODEJS_WORKER_COUNT: String(threads),
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '2048',
  },
});
process.on('exit', () => runtime.kill('SIGKILL'));
const exited = once(runtime, 'exit');

const logged = new Map<string, number>();
createInterface({ input: runtime.stdout }).on('line', (line) => {
  const { message } = JSON.parse(line) as { message: string };
  logged.set(message, (logged.get(message) ?? 0) + 1);
});

const broken: string[] = [];
const ends = new Map<string, number>();
let sent = 0;

async function callInTurn(): Promise<void> {
  while (performance.now() < endMs && runtime.exitCode === null && runtime.signalCode === null) {
    const event = drawEvent((sent += 1), random, slots > threads);
    const requestId = randomUUID();
    const { timeoutMs } = event;
    const result = await api.invoke(event.body, { requestId, whenCapacity: true, timeoutMs });
    const end = `${event.action}: ${result.status === 'error' ? (result.error?.errorType ?? 'error') : result.status}`;
    ends.set(end, (ends.get(end) ?? 0) + 1);
    if (event.fits(result)) continue;
    const delivery = JSON.stringify(api.deliveries.get(requestId));
    broken.push(`event ${event.body.slice(0, 80)} ended as ${end}: ${delivery}`);
  }
}

await Promise.race([api.whenParked(slots), exited]);
const vitals = new Vitals(runtime.pid as number);
const progress = setInterval(() => console.log(`${sent} events, ${broken.length} broken rules`), 10_000);
const calm = raiseFaults(api.faults, random);
await Promise.race([Promise.all(Array.from({ length: slots }, callInTurn)), exited]);
const met = api.faults.met;
calm();
clearInterval(progress);

const back = await Promise.race([
  api.whenParked(slots, { signal: AbortSignal.timeout(20_000) }).then(
    () => true,
    () => false,
  ),
  exited.then(() => false),
]);
vitals.stop();
if (!back) broken.push(`capacity is not back: ${api.parked} of ${slots} slots poll`);
for (const { requestId, outcome, accepted } of api.deliveries.values()) {
  const expected = outcome === 'response' || outcome === 'error' ? 1 : 0;
  if (accepted !== expected) broken.push(`${requestId} (${outcome}) was answered ${accepted} times`);
}
const { memoryMiB, descriptors } = vitals.growth();
if (minutes >= LONG_MINUTES && memoryMiB[1] > memoryMiB[0] * 1.25)
  broken.push(`memory grew from ${memoryMiB.join(' to ')} MiB`);
if (descriptors[1] > descriptors[0] + slots) broken.push(`descriptors grew from ${descriptors.join(' to ')}`);
if (back) runtime.kill('SIGTERM');
const [code, signal] = (await exited) as [number | null, string | null];
if (code !== 0) broken.push(`the runtime exited with ${code ?? signal}`);

const table = new Table({ head: ['ended as', 'events'] });
table.push(...[...ends].toSorted());
console.log(table.toString());
console.log(
  JSON.stringify({
    slots,
    threads,
    minutes,
    seed: Number(values.seed),
    node: process.version,
    events: sent,
    apiFaultsMet: met,
    logged: Object.fromEntries(logged),
    memoryMiB,
    descriptors,
    broken: broken.length,
  }),
);
for (const rule of broken.slice(0, 20)) console.error(rule);
await api.close();
process.exit(broken.length === 0 ? 0 : 1);
