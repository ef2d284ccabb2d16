/** Writes lines with one of the methods that log-line.ts compares, and sends their CPU time in µs. */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { pino } from 'pino';
import { DropCount } from '../../src/output/output.ts';
import { shareLocks } from '../../src/output/output-lock.ts';
import type { OutputLocks } from '../../src/thread-settings.ts';
import { logger } from '../../workers/index.ts';
import { openInvokeStore, runInInvokeStore } from '../../workers/invoke-store.ts';
import { openLogging } from '../../workers/logging/open-logging.ts';
import { sampleInvocation } from './sample-invocation.ts';

interface Task {
  readonly method: string;
  readonly lines: number;
  readonly locks: OutputLocks;
}

const WARM_UP = 5_000;

const WRITERS: Readonly<Record<string, () => (n: number) => void>> = {
  'node-main': () => (n) => console.log('Order %d has been paid', n),
  'node-thread': () => (n) => console.log('Order %d has been paid', n),
  console: () => (n) => console.log('Order %d has been paid', n),
  logger: () => (n) => logger.info('Order %d has been paid', n),
  'own-pino': () => {
    const own = pino();
    return (n) => own.info('Order %d has been paid', n);
  },
};

if (isMainThread) {
  const task: Task = { method: process.argv[2] ?? '', lines: Number(process.argv[3]), locks: shareLocks() };
  const used = task.method === 'node-main' ? write(task) : await inThread(task);
  process.send?.(used, () => process.disconnect?.());
} else {
  const task = workerData as Task;
  if (task.method !== 'node-thread') await open(task.locks);
  parentPort?.postMessage(await inInvocation(() => write(task)));
}

function write({ method, lines }: Task): number {
  const writeLine = (WRITERS[method] as () => (n: number) => void)();
  for (let n = 0; n < WARM_UP; n += 1) writeLine(n);
  const before = process.cpuUsage();
  for (let n = 0; n < lines; n += 1) writeLine(n);
  return since(before);
}

/** Node's own console passes lines to the main thread, so the time until the last line is written counts as well. */
async function inThread(task: Task): Promise<number> {
  const worker = new Worker(new URL(import.meta.url), { workerData: task });
  const exited = once(worker, 'exit');
  const [used] = (await once(worker, 'message')) as [number];
  const before = process.cpuUsage();
  await exited;
  return task.method === 'node-thread' ? used + since(before) : used;
}

function since(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

async function open(locks: OutputLocks): Promise<void> {
  await openLogging({
    format: 'JSON',
    level: 'TRACE',
    target: { kind: 'stdout' },
    locks,
    dropped: DropCount.share(),
    writerId: 1,
    outputTimeoutMs: 60_000,
    broadcast: false,
    terminal: undefined,
  });
}

async function inInvocation<Result>(callback: () => Result): Promise<Result> {
  await openInvokeStore();
  return runInInvokeStore(sampleInvocation(1), callback);
}
