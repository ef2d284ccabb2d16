/**
 * Measures the cost of running an invocation inside `@aws/lambda-invoke-store`: the process's CPU time for a handler that
 * awaits ten times. `workers/invoke-store.ts` is based on the result. `node bench/micro/invoke-store.ts [invocations]`
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import Table from 'cli-table3';
import { openInvokeStore, runInInvokeStore } from '../../workers/invoke-store.ts';
import type { CurrentInvocation } from '../../workers/invoke-store.ts';
import { sampleInvocation } from './sample-invocation.ts';

const INVOCATIONS = Number(process.argv[2] ?? 200_000);
const ROUNDS = 7;

const own = new AsyncLocalStorage<object>();
await openInvokeStore();

const handler = async () => {
  for (let n = 0; n < 10; n += 1) await undefined;
};
const WAYS: Readonly<Record<string, (run: CurrentInvocation) => Promise<void>>> = {
  'no storage': handler,
  'a storage of our own': (run) => own.run(run, handler),
  'the invoke store alone, which holds the run too': (run) => runInInvokeStore(run, handler),
  both: (run) => own.run(run, () => runInInvokeStore(run, handler)),
};

const table = new Table({ head: ['storage', 'µs per invocation'] });
for (const [name, way] of Object.entries(WAYS)) {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage();
    for (let n = 0; n < INVOCATIONS; n += 1) await way(sampleInvocation(n));
    const { user, system } = process.cpuUsage(before);
    rounds.push((user + system) / INVOCATIONS);
  }
  table.push([name, Math.min(...rounds).toFixed(2)]);
}
console.log(table.toString());
