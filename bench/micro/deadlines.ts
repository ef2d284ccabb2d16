/**
 * Measures when answers at a deadline reach the Runtime API, and how many of them say where the code was: alone, beside
 * threads that compute, and with many deadlines at once. `node bench/micro/deadlines.ts [part of a name]`.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import type { RuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { startChild } from '../runner/child.ts';

const PAUSE_MS = 1_500;
const COMMAND = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const HANDLER = `
  const compute = (until) => { let sum = 0; while (Date.now() < until) sum += Math.sqrt(sum + 1); return sum; };
  export const handler = (event) =>
    event.waits ? new Promise(() => {}) : compute(event.forMs ? Date.now() + event.forMs : Infinity);
`;

interface Scenario {
  readonly name: string;
  readonly threads: number;
  readonly timeoutMs: number;
  readonly rounds: number;
  /** The number of invocations whose deadlines pass at the same time. Default: 1. */
  readonly atOnce?: number;
  readonly waits?: boolean;
  /** The number of threads that compute meanwhile. Default: 0. */
  readonly busy?: number;
}

const SCENARIOS: readonly Scenario[] = [
  { name: 'computes', threads: 2, timeoutMs: 1_000, rounds: 20 },
  { name: 'computes', threads: 2, timeoutMs: 3_000, rounds: 100 },
  { name: 'computes', threads: 2, timeoutMs: 10_000, rounds: 10 },
  { name: 'waits', threads: 20, timeoutMs: 1_000, rounds: 5, atOnce: 20, waits: true },
  { name: 'waits', threads: 20, timeoutMs: 3_000, rounds: 5, atOnce: 20, waits: true },
  { name: 'computes, 8 others compute', threads: 9, timeoutMs: 3_000, rounds: 30, busy: 8 },
  { name: 'computes, 8 others compute', threads: 9, timeoutMs: 10_000, rounds: 10, busy: 8 },
  { name: 'computes, 8 at once', threads: 8, timeoutMs: 3_000, rounds: 10, atOnce: 8 },
  { name: 'computes, 200 at once', threads: 200, timeoutMs: 10_000, rounds: 1, atOnce: 200 },
  { name: 'waits, 200 at once', threads: 200, timeoutMs: 10_000, rounds: 1, atOnce: 200, waits: true },
];

interface Answer {
  readonly beforeDeadlineMs: number;
  readonly message: string;
}

const wanted = process.argv[2] ?? '';
const table = new Table({
  head: [
    'handler',
    'timeout, ms',
    'answers',
    'in time',
    'ms before: least',
    'median',
    'with place',
    'no profile',
  ],
  style: { head: [], border: [] },
});
for (const scenario of SCENARIOS.filter(({ name }) => name.includes(wanted))) {
  const answers = await measure(scenario);
  const times = answers.map(({ beforeDeadlineMs }) => beforeDeadlineMs).toSorted((one, other) => one - other);
  const matching = (pattern: RegExp) => answers.filter(({ message }) => pattern.test(message)).length;
  table.push([
    scenario.name,
    scenario.timeoutMs,
    answers.length,
    times.filter((time) => time > 0).length,
    Math.round(times[0] ?? NaN),
    Math.round(times[Math.floor(times.length / 2)] ?? NaN),
    matching(/spent its last|was waiting/),
    matching(/was not profiled/),
  ]);
}
process.stdout.write(`${table.toString()}\n`);

async function measure(scenario: Scenario): Promise<Answer[]> {
  const { threads, rounds, atOnce = 1, busy = 0 } = scenario;
  const folder = mkdtempSync(join(tmpdir(), 'deadlines-'));
  writeFileSync(join(folder, 'index.mjs'), HANDLER);
  // Late answers are accepted, so that they can be measured.
  await using api = await startRuntimeApiServer({ enforceTimeout: false });
  const env = {
    ...process.env,
    LAMBDA_TASK_ROOT: folder,
    AWS_LAMBDA_RUNTIME_API: api.address,
    AWS_LAMBDA_MAX_CONCURRENCY: String(threads),
  };
  const child = startChild('deadlines', [process.execPath, COMMAND, 'index.handler'], {
    cpus: undefined,
    env,
  });
  child.process.stdout?.resume();
  const load = new AbortController();
  try {
    await Promise.race([api.whenPolling(threads), child.died]);
    const loads = Array.from({ length: busy }, () => keepBusy(api, load.signal));
    const answers: Answer[] = [];
    for (let round = 0; round < rounds; round += 1) {
      if (busy === 0) await api.whenPolling(threads);
      answers.push(...(await Promise.all(Array.from({ length: atOnce }, () => miss(api, scenario)))));
      // Until the blocked threads are terminated.
      await setTimeout(PAUSE_MS);
    }
    load.abort();
    await Promise.all(loads);
    return answers;
  } finally {
    await child.kill();
    rmSync(folder, { recursive: true });
  }
}

async function miss(api: RuntimeApiServer, { timeoutMs, waits = false }: Scenario): Promise<Answer> {
  const deadlineMs = Date.now() + timeoutMs;
  const result = await api.invoke(JSON.stringify({ waits }), { whenCapacity: true, deadlineMs });
  const message = result.status === 'error' ? String(result.error?.errorMessage) : result.status;
  return { beforeDeadlineMs: deadlineMs - Date.now(), message };
}

async function keepBusy(api: RuntimeApiServer, signal: AbortSignal): Promise<void> {
  const event = JSON.stringify({ forMs: 200 });
  while (!signal.aborted) await api.invoke(event, { whenCapacity: true, timeoutMs: 600_000 });
}
