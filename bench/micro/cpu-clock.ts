/**
 * Measures what a reading of a thread's CPU time costs, by source: in the thread itself, and from the main thread.
 * `node bench/micro/cpu-clock.ts [readings]`
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Worker, isMainThread, parentPort } from 'node:worker_threads';
import Table from 'cli-table3';
import { monotonicMs, usedCpuMs } from '../../src/invocation/time.ts';

const READINGS = Number(process.argv[2] ?? 200_000);
const ROUNDS = 7;

if (isMainThread) await compare();
else parentPort?.postMessage(inThread());

async function compare(): Promise<void> {
  const worker = new Worker(new URL(import.meta.url), { argv: [String(READINGS)] });
  const [rows] = (await once(worker, 'message')) as [[string, number][]];
  // The port keeps the thread alive.
  const table = new Table({ head: ['source', 'µs per reading'] });
  for (const [name, micros] of rows) table.push([name, micros.toFixed(2)]);
  const fromMain = await fromMainThread(worker);
  table.push(['worker.cpuUsage(), from the main thread, CPU time of both', fromMain.toFixed(1)]);
  console.log(table.toString());
  await worker.terminate();
}

function inThread(): [string, number][] {
  // The main thread asks this thread later.
  parentPort?.on('message', () => undefined);
  return [
    ['monotonicMs(), for comparison', best(monotonicMs)],
    ['usedCpuMs(): process.threadCpuUsage()', best(usedCpuMs)],
    ['process.cpuUsage(), the whole process', best(() => process.cpuUsage())],
    ['/proc/thread-self/stat', best(() => readFileSync('/proc/thread-self/stat', 'utf8'), READINGS / 20)],
  ];
}

/** The best of some rounds, in µs per call. */
function best(read: () => unknown, readings = READINGS): number {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const startMs = monotonicMs();
    for (let n = 0; n < readings; n += 1) read();
    return ((monotonicMs() - startMs) / readings) * 1000;
  });
  return Math.min(...rounds);
}

async function fromMainThread(worker: Worker): Promise<number> {
  const readings = READINGS / 40;
  await worker.cpuUsage();
  const before = process.cpuUsage();
  for (let n = 0; n < readings; n += 1) await worker.cpuUsage();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / readings;
}
