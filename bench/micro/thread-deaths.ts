/**
 * Measures resident memory, by kind of mapping, while threads die one after the other. Requires `npm run build` and Linux.
 *
 *     node bench/micro/thread-deaths.ts                                     # process.exit() in a handler, 8 threads
 *     node bench/micro/thread-deaths.ts --death spin --minutes 5            # or uncaught; spin is a missed deadline
 *     node bench/micro/thread-deaths.ts --plain                             # without the runtime: Workers of plain Node
 *     MALLOC_ARENA_MAX=2 node bench/micro/thread-deaths.ts --runtime ../before/dist/src/cli/main.js
 */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { findBuiltPackage } from '../built-package.ts';
import { lambdaEnvironment } from '../contenders/environment.ts';
import { residentMemory } from '../proc/memory.ts';
import { startChild } from '../runner/child.ts';

const { values } = parseArgs({
  options: {
    death: { type: 'string', default: 'exit' },
    minutes: { type: 'string', default: '3' },
    threads: { type: 'string', default: '8' },
    plain: { type: 'boolean', default: false },
    runtime: { type: 'string' },
  },
});
const threads = Number(values.threads);
const endMs = performance.now() + Number(values.minutes) * 60_000;
const MAX_ROWS = 12;
const rowMs = (Number(values.minutes) * 60_000) / MAX_ROWS;
const DEADLINE_MS = 100;
const PATIENT_MS = 60_000;

const table = new Table({
  head: ['deaths', 'resident MiB', 'files', 'malloc', 'heaps, stacks'],
  style: { head: [], border: [] },
});
await (values.plain ? measurePlainNode() : measureRuntime());
console.log(table.toString());

async function measureRuntime(): Promise<void> {
  const { entry } = findBuiltPackage(values.runtime);
  const api = await startRuntimeApiServer();
  const setup = { handler: 'noop', slots: threads, threads, threadpool: undefined };
  const runtime = startChild('the runtime', [process.execPath, entry, 'handler.handler'], {
    cpus: undefined,
    env: {
      ...process.env,
      ...lambdaEnvironment(setup),
      AWS_LAMBDA_RUNTIME_API: api.address,
      LAMBDA_TASK_ROOT: fileURLToPath(new URL('../stress', import.meta.url)),
    },
  });
  const event = JSON.stringify({ action: values.death, code: 1 });
  const timeoutMs = values.death === 'spin' ? DEADLINE_MS : PATIENT_MS;
  let deaths = 0;
  const die = async (): Promise<void> => {
    while (performance.now() < endMs) {
      await api.invoke(event, { whenCapacity: true, timeoutMs });
      deaths += 1;
    }
  };
  await Promise.race([api.whenPolling(threads), runtime.died]);
  row(runtime.pid, deaths);
  const timer = setInterval(() => row(runtime.pid, deaths), rowMs);
  await Promise.race([Promise.all(Array.from({ length: threads }, die)), runtime.died]);
  clearInterval(timer);
  await api.whenPolling(threads);
  row(runtime.pid, deaths);
  await runtime.kill();
  await api.close();
}

/** Starts plain Workers and terminates each as soon as it runs. */
async function measurePlainNode(): Promise<void> {
  const child = startChild('plain Node', [process.execPath, '-e', `(${plainNode.toString()})(${threads})`], {
    cpus: undefined,
    ipc: true,
  });
  await Promise.race([once(child.process, 'message'), child.died]);
  let deaths = 0;
  child.process.on('message', (count) => (deaths = Number(count)));
  row(child.pid, deaths);
  while (performance.now() < endMs) {
    await Promise.race([new Promise((resolve) => setTimeout(resolve, rowMs)), child.died]);
    row(child.pid, deaths);
  }
  await child.kill();
}

/** Runs in the child process. */
function plainNode(width: number): void {
  const { Worker } = process.getBuiltinModule('node:worker_threads');
  const code = "require('node:worker_threads').parentPort.postMessage('runs'); for (;;);";
  let deaths = 0;
  const start = (): void => {
    const worker = new Worker(code, { eval: true });
    worker.once('message', () => void worker.terminate());
    worker.once('exit', () => {
      process.send?.((deaths += 1));
      start();
    });
  };
  for (let n = 0; n < width; n += 1) start();
}

function row(pid: number, deaths: number): void {
  const { total, files, malloc, heaps } = residentMemory(pid);
  table.push([deaths, total, files, malloc, heaps]);
}
