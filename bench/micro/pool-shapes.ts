/**
 * Measures the cost of one event in three kinds of pool, as the CPU time of the whole process. The decision in
 * `docs/architecture.md` is based on the result. `node bench/micro/pool-shapes.ts [seconds]`
 */
import { MessageChannel } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { Piscina } from 'piscina';

/** A pool whose threads return their input. */
interface Shape {
  readonly name: string;
  open(threads: number): Promise<OpenShape>;
}

interface OpenShape {
  /** Runs one event for a slot. A slot never runs two events at once. */
  run(slot: number, event: string): Promise<unknown>;
  close(): Promise<void>;
}

const THREAD = fileURLToPath(new URL('echo-thread.mjs', import.meta.url));
const EVENT = JSON.stringify({ key: 'x'.repeat(100) });
const THREADS = [8, 64, 256];
const SECONDS = Number(process.argv[2] ?? 5);

const SHAPES: readonly Shape[] = [
  { name: 'one piscina of N threads, a run() for each event', open: sharedPiscina },
  { name: 'a piscina of one thread for each slot, a run() for each event', open: piscinaForEachSlot },
  { name: 'the same, but one run as long as the thread, events over its own port', open: portForEachSlot },
];

const table = new Table({
  head: ['CPU µs per event (events/s)', ...THREADS.map((threads) => `${threads} threads`)],
  style: { head: [], border: [] },
  colAligns: ['left', ...THREADS.map(() => 'right' as const)],
});
for (const shape of SHAPES) {
  const cells: string[] = [];
  for (const threads of THREADS) cells.push(await measure(shape, threads));
  table.push([shape.name, ...cells]);
}
process.stdout.write(`${table.toString()}\n`);
process.exit();

async function measure(shape: Shape, threads: number): Promise<string> {
  process.stderr.write(`${shape.name}: ${threads} threads …\n`);
  const pool = await shape.open(threads);
  // Each thread compiles its own code, so all of them must warm up.
  await drive(pool, threads, Math.max(1, threads / 16));
  const before = process.cpuUsage();
  const startMs = performance.now();
  const events = await drive(pool, threads, SECONDS);
  const seconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(before);
  await pool.close();
  return `${((user + system) / events).toFixed(1)} (${Math.round(events / seconds).toLocaleString('en-US')})`;
}

/** Runs events on all slots concurrently, one after the other per slot. Resolves with their number. */
async function drive(pool: OpenShape, slots: number, seconds: number): Promise<number> {
  const endMs = performance.now() + seconds * 1000;
  let events = 0;
  const slot = async (index: number): Promise<void> => {
    for (; performance.now() < endMs; events += 1) await pool.run(index, EVENT);
  };
  await Promise.all(Array.from({ length: slots }, (_, index) => slot(index)));
  return events;
}

async function sharedPiscina(threads: number): Promise<OpenShape> {
  const pool = openPiscina(threads);
  await Promise.all(Array.from({ length: threads }, () => pool.run(EVENT, { name: 'echo' })));
  return { run: (_slot, event) => pool.run(event, { name: 'echo' }), close: () => pool.destroy() };
}

async function piscinaForEachSlot(threads: number): Promise<OpenShape> {
  const pools = Array.from({ length: threads }, () => openPiscina(1));
  await Promise.all(pools.map((pool) => pool.run(EVENT, { name: 'echo' })));
  return {
    run: (slot, event) => (pools[slot] as Piscina).run(event, { name: 'echo' }),
    close: () => closeAll(pools),
  };
}

async function portForEachSlot(threads: number): Promise<OpenShape> {
  const pools = Array.from({ length: threads }, () => openPiscina(1));
  const ports = pools.map(startServing);
  const answers: Array<(answer: unknown) => void> = [];
  for (const [slot, port] of ports.entries())
    port.on('message', (answer: unknown) => answers[slot]?.(answer));
  const run = (slot: number, event: string): Promise<unknown> =>
    new Promise((resolve) => {
      answers[slot] = resolve;
      ports[slot]?.postMessage(event);
    });
  await Promise.all(ports.map((_, slot) => run(slot, EVENT)));
  return {
    run,
    async close() {
      for (const port of ports) port.close();
      await closeAll(pools);
    },
  };
}

function startServing(pool: Piscina): MessagePort {
  const { port1, port2 } = new MessageChannel();
  // Destroying the pool aborts this task.
  pool.run(port2, { name: 'serve', transferList: [port2] }).catch(() => undefined);
  return port1;
}

function openPiscina(threads: number): Piscina {
  const pool = new Piscina({
    filename: THREAD,
    minThreads: threads,
    maxThreads: threads,
    atomics: 'disabled',
    recordTiming: false,
  });
  pool.on('error', () => undefined);
  return pool;
}

async function closeAll(pools: readonly Piscina[]): Promise<void> {
  await Promise.all(pools.map((pool) => pool.destroy()));
}
