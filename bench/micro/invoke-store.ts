/**
 * What it costs an invocation to run inside `@aws/lambda-invoke-store`: CPU time of the process for a handler that awaits
 * ten times. `workers/invoke-store.ts` rests on it. `node bench/micro/invoke-store.ts [invocations]`
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { InvokeStore, InvokeStoreBase } from '@aws/lambda-invoke-store';
import Table from 'cli-table3';

const INVOCATIONS = Number(process.argv[2] ?? 200_000);
const ROUNDS = 7;

const { REQUEST_ID, X_RAY_TRACE_ID, TENANT_ID } = InvokeStoreBase.PROTECTED_KEYS;
const RUN = Symbol('run');
const own = new AsyncLocalStorage<object>();
const store = await InvokeStore.getInstanceAsync(true);

const handler = async () => {
  for (let n = 0; n < 10; n += 1) await undefined;
};
const stored = (run: object) => ({
  [REQUEST_ID]: 'request',
  [X_RAY_TRACE_ID]: 'trace',
  [TENANT_ID]: 'tenant',
  [RUN]: run,
});

const WAYS: Readonly<Record<string, (run: object) => Promise<void>>> = {
  'no storage': handler,
  'a storage of our own': (run) => own.run(run, handler),
  'the invoke store alone, which holds the run too': (run) => store.run(stored(run), handler),
  both: (run) => own.run(run, () => store.run(stored(run), handler)),
};

const table = new Table({ head: ['storage', 'µs per invocation'] });
for (const [name, way] of Object.entries(WAYS)) {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage();
    for (let n = 0; n < INVOCATIONS; n += 1) await way({ n });
    const { user, system } = process.cpuUsage(before);
    rounds.push((user + system) / INVOCATIONS);
  }
  table.push([name, Math.min(...rounds).toFixed(2)]);
}
console.log(table.toString());
