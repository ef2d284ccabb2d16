/**
 * Measures what a CPU profile costs while it is taken: a thread computes in JavaScript, or in native code, with and without a
 * profile, in turn; and the main thread reads the profiles of many threads.
 * `node bench/micro/profile-cost.ts [rounds]`
 */
import { once } from 'node:events';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { pbkdf2Sync } from 'node:crypto';
import Table from 'cli-table3';
import { monotonicMs } from '../../src/invocation/time.ts';
import { startCpuProfile } from '../../src/pool/cpu-profile.ts';
import type { CpuProfile } from '../../src/pool/cpu-profile.ts';
import type { ProfiledThread } from '../../src/pool/profiled-thread.ts';
import { InvocationTimeline } from '../../src/profiling/invocation-timeline.ts';
import { median } from '../runner/median.ts';

const ROUNDS = Number(process.argv[2] ?? 7);

const WORK = {
  'JSON, strings, small objects': () => {
    const rows = Array.from({ length: 200 }, (_, n) => ({ n, text: `row ${n}`, even: n % 2 === 0 }));
    return JSON.stringify(JSON.parse(JSON.stringify(rows))).length;
  },
  'many small functions': () => fibonacci(22),
  'native code (pbkdf2)': () => pbkdf2Sync('password', 'salt', 2_000, 64, 'sha512').length,
};
type Work = keyof typeof WORK;

function fibonacci(n: number): number {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

if (isMainThread) await compare();
else parentPort?.on('message', (ms: number) => parentPort?.postMessage(perSecond(workerData as Work, ms)));

async function compare(): Promise<void> {
  const table = new Table({
    head: [
      'work of the thread',
      'with a profile',
      'start ms',
      'stop ms',
      'kB for 1 s',
      'main thread reads it in ms',
    ],
  });
  for (const work of Object.keys(WORK) as Work[]) table.push([work, ...(await measure(work))]);
  console.log(table.toString());
}

/** The work done per second with a profile, as a share of the work without; and the cost of a profile of a second. */
async function measure(work: Work): Promise<string[]> {
  const worker = new Worker(new URL(import.meta.url), { workerData: work });
  const rounds: number[][] = [];
  await run(worker, 500);
  for (let round = 0; round < ROUNDS; round += 1) {
    const without = await run(worker, 1_000);
    const startMs = monotonicMs();
    const profiling = await startCpuProfile(worker);
    const startedMs = monotonicMs();
    const during = await run(worker, 1_000);
    const endMs = monotonicMs();
    const text = (await profiling?.stop()) ?? '';
    const stoppedMs = monotonicMs();
    read(text);
    const readMs = monotonicMs() - stoppedMs;
    rounds.push([during / without, startedMs - startMs, stoppedMs - endMs, text.length / 1_000, readMs]);
  }
  await worker.terminate();
  return [2, 0, 1, 0, 1].map((digits, column) =>
    median(rounds.map((round) => round[column] ?? 0)).toFixed(digits),
  );
}

async function run(worker: Worker, ms: number): Promise<number> {
  worker.postMessage(ms);
  const [count] = (await once(worker, 'message')) as [number];
  return count;
}

function perSecond(work: Work, ms: number): number {
  const startMs = monotonicMs();
  let count = 0;
  for (; monotonicMs() - startMs < ms; count += 1) WORK[work]();
  return count / (monotonicMs() - startMs);
}

function read(text: string): void {
  const thread: Pick<ProfiledThread, 'invocations' | 'watchers'> = { invocations: [], watchers: new Set() };
  const timeline = new InvocationTimeline(thread as ProfiledThread);
  timeline.annotate(JSON.parse(text) as CpuProfile, 'thread-1', monotonicMs());
}
