/** Random healthy and faulty events, an API that fails at the same time, and thread after thread that dies. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { seededRandom } from '../../src/cli/bench/load.ts';
import { findBuiltPackage } from '../built-package.ts';
import { residentMemory } from '../proc/memory.ts';
import { raiseFaults } from './api-faults.ts';
import { drawEvent, MEMORY_MIB } from './events.ts';
import { startStormyRuntime } from './stormy-runtime.ts';
import { Vitals } from './vitals.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    threads: { type: 'string', default: '8' },
    'per-thread': { type: 'string', default: '1' },
    /** Actions that are left out, separated by commas. */
    without: { type: 'string', default: '' },
    /** Another build's `dist/src/cli/main.js`. */
    runtime: { type: 'string' },
  },
});
const threads = Number(values.threads);
const slots = threads * Number(values['per-thread']);
const random = seededRandom(Number(values.seed));
const minutes = Number(values.minutes);
const mix = { random, sharedThreads: slots > threads, without: new Set(values.without.split(',')) };

/** In less time one thread that fills its heap outweighs all else. */
const LONG_MINUTES = 5;
const REPORT_MS = 15_000;
/** How long it may take until all that the last events have begun is over. */
const CALM_MS = 30_000;
/** Each slot keeps its second connection, which it opens when an answer has to be repeated, for 15 minutes. */
const moreDescriptors = slots;
/** Lambda kills at {@link MEMORY_MIB}. A busy machine needs time for that, and this one must survive the storm. */
const MAX_MEMORY_MIB = 3 * MEMORY_MIB;
/** Lambda's own readers of logs take no line that is nearly so long. */
const LONGEST_LINE = 1024 * 1024;

const { entry } = findBuiltPackage(values.runtime);
const api = await startRuntimeApiServer({ functionName: 'storm', deliveryHistory: 10_000_000 });
const runtime = startStormyRuntime({
  runtime: join(entry, '../../index.js'),
  runtimeApi: api.address,
  slots,
  threads,
});
const broken: string[] = [];
const ends = new Map<string, number>();
let sent = 0;

await unlessExited(api.whenParked(slots));
const vitals = new Vitals(runtime.pid, MAX_MEMORY_MIB, (memoryMiB) => {
  broken.push(`the runtime held ${memoryMiB} MiB, and was killed for the sake of this machine`);
  runtime.kill();
});
const startMs = performance.now();
const descriptorsBefore = vitals.descriptors;
const memoryBefore = residentMemory(runtime.pid);
const progress = setInterval(report, REPORT_MS);
const calm = raiseFaults(api.faults, random);
await unlessExited(Promise.all(Array.from({ length: slots }, callInTurn)));
const apiFaultsMet = api.faults.met;
calm();
clearInterval(progress);

const memoryMiB = vitals.quarters();
const isBack = await unlessExited(api.whenParked(slots, { signal: AbortSignal.timeout(CALM_MS) }));
if (!isBack) broken.push(`capacity is not back: ${api.parked} of ${slots} slots poll`);
judgeDeliveries();
if (minutes >= LONG_MINUTES && memoryMiB[3] > memoryMiB[1] * 1.25)
  broken.push(`memory grew from ${memoryMiB.join(' to ')} MiB`);
const held = runtime.hasExited ? undefined : await calmDown();
if (runtime.longestLine > LONGEST_LINE) broken.push(`a log line has ${runtime.longestLine} characters`);
for (const line of runtime.brokenLines) broken.push(`a log line is not JSON: ${line}`);
vitals.stop();
if (isBack) runtime.stop();
const end = await runtime.exited;
if (end !== 0) broken.push(`the runtime exited with ${end}`);

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
    apiFaultsMet,
    threadsReplaced: replaced(),
    logged: Object.fromEntries(runtime.logged),
    longestLine: runtime.longestLine,
    memoryMiB,
    peakMiB: vitals.peakMiB,
    memoryBefore,
    memoryAfter: held?.memory,
    descriptors: [descriptorsBefore, held?.descriptors],
    broken: broken.length,
  }),
);
for (const rule of broken.slice(0, 20)) console.error(rule);
await api.close();
process.exit(broken.length === 0 ? 0 : 1);

async function callInTurn(): Promise<void> {
  while (performance.now() < startMs + minutes * 60_000 && !runtime.hasExited) {
    const event = drawEvent((sent += 1), mix);
    const requestId = randomUUID();
    const { timeoutMs } = event;
    const result = await api.invoke(event.body, { requestId, whenCapacity: true, timeoutMs });
    const how = result.status === 'error' ? (result.error?.errorType ?? 'error') : result.status;
    const end = `${event.action}: ${how}`;
    ends.set(end, (ends.get(end) ?? 0) + 1);
    if (event.fits(result)) continue;
    const delivery = JSON.stringify(api.deliveries.get(requestId));
    broken.push(`event ${event.body.slice(0, 80)} ended as ${end}: ${delivery}`);
  }
}

/**
 * Each event that was handed over has been answered once; not at all, if its caller had a timeout, or heard from the
 * Runtime API that the response is too large.
 */
function judgeDeliveries(): void {
  for (const { requestId, outcome, accepted, refused } of api.deliveries.values()) {
    const isAnswered = (outcome === 'response' || outcome === 'error') && !refused.includes(413);
    const expected = isAnswered ? 1 : 0;
    if (accepted !== expected) broken.push(`${requestId} (${outcome}) was answered ${accepted} times`);
  }
}

/** Waits until hardly more descriptors are held than at the start; says what is held then. */
async function calmDown() {
  const most = descriptorsBefore + moreDescriptors;
  for (let waitedMs = 0; vitals.descriptors > most && waitedMs < CALM_MS; waitedMs += 500)
    await setTimeout(500);
  const { descriptors } = vitals;
  if (descriptors > most) broken.push(`descriptors grew from ${descriptorsBefore} to ${descriptors}`);
  return { descriptors, memory: residentMemory(runtime.pid) };
}

function replaced(): number {
  return Math.max(0, runtime.threadsStarted - threads);
}

function report(): void {
  if (runtime.hasExited) return;
  console.log(
    `${Math.round((performance.now() - startMs) / 1000)} s: ${sent} events, ${replaced()} threads replaced, ` +
      `${vitals.memoryMiB} MiB, ${vitals.descriptors} descriptors, ${broken.length} broken rules`,
  );
}

/** Whether it came to pass before the runtime ended, and at all. */
async function unlessExited(promise: Promise<unknown>): Promise<boolean> {
  const done = promise.then(
    () => true,
    () => false,
  );
  return Promise.race([done, runtime.exited.then(() => false)]);
}
