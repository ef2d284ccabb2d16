/** Stress test (`npm run stress`): random healthy and harmful events, Runtime API faults, and constant thread deaths. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import Table from 'cli-table3';
import { Command, InvalidArgumentError } from 'commander';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { seededRandom } from '../../src/cli/bench/load.ts';
import { findBuiltPackage } from '../built-package.ts';
import { residentMemory } from '../proc/memory.ts';
import type { ResidentMemory } from '../proc/memory.ts';
import { injectFaults } from './api-faults.ts';
import { COLLECT, drawEvent, MEMORY_MIB } from './events.ts';
import { startStressedRuntime } from './stress-runtime.ts';
import { ProcessMonitor } from './process-monitor.ts';

const values = new Command('npm run stress --')
  .description(
    'Sends random healthy and harmful events for a while. Exits with 1 if one is lost or answered twice.',
  )
  .option('--minutes <minutes>', 'how long events are sent', positive, 1)
  .option('--seed <number>', 'the seed of the random events', positive, 1)
  .option('--threads <count>', 'worker threads', positive, 8)
  .option('--per-thread <count>', 'slots of each thread', positive, 1)
  .option('--without <actions>', 'actions to exclude, separated by commas', '')
  .option('--runtime <file>', 'the dist/src/cli/main.js of another build')
  .parse()
  .opts<{
    readonly minutes: number;
    readonly seed: number;
    readonly threads: number;
    readonly perThread: number;
    readonly without: string;
    readonly runtime?: string;
  }>();
const { threads, minutes } = values;
const slots = threads * values.perThread;
const random = seededRandom(values.seed);
const mix = { random, sharedThreads: slots > threads, without: new Set(values.without.split(',')) };

const QUARTERS = 4;
const REPORT_MS = 15_000;
/** The maximum time until the effects of the last events are over. */
const SETTLE_TIMEOUT_MS = 30_000;
/** V8 keeps the pages of an ended thread for 8 s, for the heaps of other threads. */
const POOL_MS = 10_000;
/** Each slot may have a second connection, which it opens to repeat an answer. */
const extraDescriptors = slots;
/** A limit above {@link MEMORY_MIB}, at which Lambda would kill the function. It protects this machine. */
const MAX_MEMORY_MIB = 3 * MEMORY_MIB;
/** Far above the longest line that Lambda's log readers accept. */
const LONGEST_LINE = 1024 * 1024;

const { entry } = findBuiltPackage(values.runtime);
const api = await startRuntimeApiServer({ functionName: 'stress', deliveryHistory: 10_000_000 });
const runtime = startStressedRuntime({
  runtime: join(entry, '../../index.js'),
  runtimeApi: api.address,
  slots,
  threads,
});
const violations: string[] = [];
const ends = new Map<string, number>();
let sent = 0;

await unlessExited(api.whenPolling(slots));
const monitor = new ProcessMonitor(runtime.pid, MAX_MEMORY_MIB, (memoryMiB) => {
  violations.push(`the runtime held ${memoryMiB} MiB and was killed to protect this machine`);
  runtime.kill();
});
const startMs = performance.now();
const descriptorsBefore = monitor.descriptors;
const memoryBefore = residentMemory(runtime.pid);
const progress = setInterval(report, REPORT_MS);
const stopFaults = injectFaults(api.faults, random);
/** At the end of each quarter, without garbage. The first quarter is the warm-up. */
const memory: ResidentMemory[] = [];
for (let quarter = 1; quarter <= QUARTERS && !runtime.hasExited; quarter += 1) {
  const untilMs = startMs + (minutes * 60_000 * quarter) / QUARTERS;
  await unlessExited(inAllSlots(() => callInTurn(untilMs)));
  if (await unlessExited(collectGarbage())) memory.push(residentMemory(runtime.pid));
}
const apiFaults = api.faults.met;
stopFaults();
clearInterval(progress);

const hasRecovered = await unlessExited(
  api.whenPolling(slots, { signal: AbortSignal.timeout(SETTLE_TIMEOUT_MS) }),
);
if (!hasRecovered) violations.push(`capacity did not recover: ${api.openPolls} of ${slots} slots poll`);
checkDeliveries();
checkMemory();
const descriptors = runtime.hasExited ? undefined : await settleDescriptors();
if (runtime.longestLine > LONGEST_LINE) violations.push(`a log line has ${runtime.longestLine} characters`);
for (const line of runtime.brokenLines) violations.push(`a log line is not JSON: ${line}`);
monitor.stop();
if (hasRecovered) runtime.stop();
const end = await runtime.exited;
if (end !== 0) violations.push(`the runtime exited with ${end}`);

const table = new Table({ head: ['ended as', 'events'] });
table.push(...[...ends].toSorted());
console.log(table.toString());
console.log(
  JSON.stringify({
    slots,
    threads,
    minutes,
    seed: values.seed,
    node: process.version,
    events: sent,
    apiFaults,
    threadsReplaced: replaced(),
    logged: Object.fromEntries(runtime.logged),
    longestLine: runtime.longestLine,
    memoryBefore,
    memory,
    peakMiB: monitor.peakMiB,
    descriptors: [descriptorsBefore, descriptors],
    violations: violations.length,
  }),
);
for (const violation of violations.slice(0, 20)) console.error(violation);
await api.close();
process.exit(violations.length === 0 ? 0 : 1);

function inAllSlots(call: () => Promise<unknown>): Promise<unknown> {
  return Promise.all(Array.from({ length: slots }, call));
}

async function callInTurn(untilMs: number): Promise<void> {
  while (performance.now() < untilMs && !runtime.hasExited) {
    const event = drawEvent((sent += 1), mix);
    const requestId = randomUUID();
    const { timeoutMs } = event;
    const result = await api.invoke(event.body, { requestId, whenCapacity: true, timeoutMs });
    const how = result.status === 'error' ? (result.error?.errorType ?? 'error') : result.status;
    const end = `${event.action}: ${how}`;
    ends.set(end, (ends.get(end) ?? 0) + 1);
    if (event.fits(result)) continue;
    const delivery = JSON.stringify(api.deliveries.get(requestId));
    violations.push(`event ${event.body.slice(0, 80)} ended as ${end}: ${delivery}`);
  }
}

/** Has every thread collect its garbage: as many events at once as there are slots, and again in case a fault damaged one. */
async function collectGarbage(): Promise<void> {
  const collect = () => api.invoke(COLLECT, { whenCapacity: true, timeoutMs: SETTLE_TIMEOUT_MS });
  await inAllSlots(collect);
  await inAllSlots(collect);
  await setTimeout(POOL_MS);
}

function checkMemory(): void {
  const [, second, , last] = memory.map(({ total }) => total);
  if (second === undefined || last === undefined || last <= second * 1.25) return;
  violations.push(`memory grew from ${second} to ${last} MiB`);
}

/**
 * Checks that each delivered event was answered exactly once; not at all if it timed out, or if the Runtime API rejected
 * its response as too large.
 */
function checkDeliveries(): void {
  for (const { requestId, outcome, accepted, refused } of api.deliveries.values()) {
    const isAnswered = (outcome === 'response' || outcome === 'error') && !refused.includes(413);
    const expected = isAnswered ? 1 : 0;
    if (accepted !== expected) violations.push(`${requestId} (${outcome}) was answered ${accepted} times`);
  }
}

/** Waits until the number of open descriptors is close to that at the start. Returns the final number. */
async function settleDescriptors(): Promise<number> {
  const maxDescriptors = descriptorsBefore + extraDescriptors;
  for (
    let waitedMs = 0;
    monitor.descriptors > maxDescriptors && waitedMs < SETTLE_TIMEOUT_MS;
    waitedMs += 500
  )
    await setTimeout(500);
  const { descriptors } = monitor;
  if (descriptors > maxDescriptors)
    violations.push(`descriptors grew from ${descriptorsBefore} to ${descriptors}`);
  return descriptors;
}

function replaced(): number {
  return Math.max(0, runtime.threadsStarted - threads);
}

function report(): void {
  if (runtime.hasExited) return;
  console.log(
    `${Math.round((performance.now() - startMs) / 1000)} s: ${sent} events, ${replaced()} threads replaced, ` +
      `${monitor.memoryMiB} MiB, ${monitor.descriptors} descriptors, ${violations.length} violations`,
  );
}

/** Resolves with true if the promise resolves before the runtime exits; false if it rejects or the runtime exits first. */
async function unlessExited(promise: Promise<unknown>): Promise<boolean> {
  const done = promise.then(
    () => true,
    () => false,
  );
  return Promise.race([done, runtime.exited.then(() => false)]);
}

function positive(value: string): number {
  const number = Number(value);
  if (!(number > 0)) throw new InvalidArgumentError('Expected a number above 0.');
  return number;
}
