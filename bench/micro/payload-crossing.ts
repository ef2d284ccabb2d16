/**
 * Measures the size above which a payload crosses threads faster as a transferred buffer than as a string, as the CPU time
 * of the whole process per round trip. `LARGEST_STRING_EVENT` in `src/runtime-api/connection.ts` is based on the result.
 * `node bench/micro/payload-crossing.ts [seconds]`
 *
 * Each method starts with bytes from a socket and ends with text in the thread, so that conversions count. The thread
 * sends the payload back in the same form.
 */
import { MessageChannel, Worker } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import Table from 'cli-table3';

/** Converts bytes into the posted message. */
interface Way {
  readonly name: string;
  pack(bytes: Buffer): string | Uint8Array<ArrayBuffer>;
}

const SIZES = [100, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 256_000, 1_000_000, 6_000_000];
const SECONDS = Number(process.argv[2] ?? 1);

const WAYS: readonly Way[] = [
  { name: 'latin1 string', pack: (bytes) => bytes.toString('latin1') },
  { name: 'utf8 string', pack: (bytes) => bytes.toString('utf8') },
  { name: 'transferred', pack: (bytes) => new Uint8Array(bytes) },
];

const ECHO = `
  const { workerData: port } = require('node:worker_threads');
  port.on('message', (message) => {
    if (typeof message === 'string') return port.postMessage(message);
    const text = Buffer.from(message.buffer).toString();
    if (text.length === 0) throw new Error('empty');
    port.postMessage(message, [message.buffer]);
  });
`;

const { port1, port2 } = new MessageChannel();
const worker = new Worker(ECHO, { eval: true, workerData: port2, transferList: [port2] });
const table = new Table({
  head: ['CPU µs per round trip', ...WAYS.map(({ name }) => name), 'best'],
  style: { head: [], border: [] },
  colAligns: ['right', ...WAYS.map(() => 'right' as const), 'left'],
});
for (const size of SIZES) {
  const bytes = Buffer.alloc(size, 'x');
  const costs: number[] = [];
  for (const way of WAYS) costs.push(await measure(port1, way, bytes));
  const best = WAYS[costs.indexOf(Math.min(...costs))]?.name ?? '';
  table.push([`${size.toLocaleString('en-US')} bytes`, ...costs.map((cost) => cost.toFixed(1)), best]);
}
process.stdout.write(`${table.toString()}\n`);
await worker.terminate();

async function measure(port: MessagePort, way: Way, bytes: Buffer): Promise<number> {
  await drive(port, way, bytes, SECONDS / 4);
  const before = process.cpuUsage();
  const trips = await drive(port, way, bytes, SECONDS);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / trips;
}

function drive(port: MessagePort, way: Way, bytes: Buffer, seconds: number): Promise<number> {
  const endMs = performance.now() + seconds * 1000;
  const { promise, resolve } = Promise.withResolvers<number>();
  let trips = 0;
  const send = (): void => {
    const message = way.pack(bytes);
    port.postMessage(message, typeof message === 'string' ? [] : [message.buffer]);
  };
  const receive = (): void => {
    trips += 1;
    if (performance.now() < endMs) return send();
    port.off('message', receive);
    resolve(trips);
  };
  port.on('message', receive);
  send();
  return promise;
}
