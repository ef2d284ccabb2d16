import { setTimeout } from 'node:timers/promises';
import type { InvokeResult } from '../../local/invoke.ts';
import { startRuntimeApiServer } from '../../local/runtime-api-server.ts';
import { BenchError } from './flags.ts';
import { ClosedLoop, atRate, warmUp } from './load.ts';
import type { Invoke } from './load.ts';
import { MUCH_OTHERS, readUsage, usedBetween } from './machine.ts';
import type { Used } from './machine.ts';
import { invocationsPerThread } from './measurement.ts';
import type { AtRate, Measurement, Setup, Tally } from './measurement.ts';
import { RuntimeProcess } from './runtime-process.ts';
import type { HandlerLog, Measured } from './runtime-process.ts';

/** How each setup is measured. */
export interface Method extends Measured {
  /** JSON; sent in turn. */
  readonly events: readonly string[];
  readonly timeoutMs: number;
  /** How long is measured, at least. */
  readonly seconds: number;
  /** Events a second, for the open loop. */
  readonly rates: readonly number[];
}

/** What is being done with a setup, and how far it is, 0 to 1. */
type OnPhase = (phase: string, done: number) => void;

/**
 * Starts a runtime, warms it up, and measures it: each slot busy all the time, then at given rates.
 *
 * Rejects with a BenchError when the handler cannot be loaded, when all invocations fail, and when the process ends.
 */
export async function measure(setup: Setup, method: Method, onPhase: OnPhase): Promise<Measurement> {
  const { events, timeoutMs } = method;
  // Not `await using`: Node.js 22 does not know it.
  const api = await startRuntimeApiServer({ timeoutMs, deliveryHistory: 0 });
  try {
    const runtime = new RuntimeProcess(method, setup, api);
    const invoke = invoking(events, (event) => api.invoke(event, { whenCapacity: true, keepStream: false }));
    try {
      return await measureRuntime(runtime, setup, invoke, method, onPhase);
    } finally {
      await runtime[Symbol.asyncDispose]();
    }
  } finally {
    await api.close();
  }
}

async function measureRuntime(
  runtime: RuntimeProcess,
  setup: Setup,
  invoke: Invoke,
  method: Method,
  onPhase: OnPhase,
): Promise<Measurement> {
  onPhase('starting', 0);
  const slots = await runtime.ready();
  const { tally, used, steady } = await measureBusy(runtime, slots, invoke, method, onPhase);
  const { perSecond, error } = tally.throughput(slots);
  const rates = await measureAtRates(runtime, invoke, perSecond, method, onPhase);
  const perThread = invocationsPerThread(setup);
  return {
    slots,
    threads: Math.ceil(slots / perThread),
    invocationsPerThread: perThread,
    ...(slots < setup.slots && { askedSlots: setup.slots }),
    perSecond,
    error,
    steady,
    latencyMs: tally.latency,
    answers: tally.answers,
    cpu: {
      msPerInvocation: (used.cores * 1000) / perSecond,
      delayMsPerInvocation: (used.delayedThreads * 1000) / perSecond,
      cores: used.cores,
    },
    peakMemoryMiB: (await runtime.figures()).peakMemoryMiB,
    loadCore: used.loadCore,
    others: used.others,
    rates,
  };
}

async function measureAtRates(
  runtime: RuntimeProcess,
  invoke: Invoke,
  most: number,
  { rates, seconds }: Method,
  onPhase: OnPhase,
): Promise<AtRate[]> {
  const measured: AtRate[] = [];
  for (const [index, perSecond] of rates.entries()) {
    if (perSecond >= most) {
      measured.push({ perSecond, tooMuch: true });
      continue;
    }
    onPhase(`measuring at ${perSecond}/s`, 0.7 + (0.3 * index) / rates.length);
    const before = await readUsage(runtime);
    const { latency, answers } = await runtime.unlessFailed(atRate(perSecond, seconds, invoke));
    const { cores } = usedBetween(before, await readUsage(runtime));
    measured.push({ perSecond, latencyMs: latency, answers, cpuCores: cores });
  }
  return measured;
}

function invoking(events: readonly string[], invoke: (event: string) => Promise<InvokeResult>): Invoke {
  let sent = 0;
  return async () => {
    const event = events[sent % events.length] as string;
    sent += 1;
    const result = await invoke(event);
    if (result.status === 'response') return undefined;
    if (result.status === 'error') {
      return `${result.error?.errorType ?? result.errorType}: ${result.error?.errorMessage ?? ''}`;
    }
    // The server is closed: nobody asks any more, and nobody may ask for ever.
    if (result.status === 'unavailable') return new Promise(() => undefined);
    return result.errorMessage;
  };
}

/** What a runtime did while each of its slots was busy all the time. */
interface Busy {
  readonly tally: Tally;
  readonly used: Used;
  readonly steady: boolean;
}

/**
 * Warms a runtime up and measures it. While other programs take much of the machine it is measured again, at most
 * twice, and the quietest counts.
 *
 * Rejects with a BenchError when all invocations fail.
 */
async function measureBusy(
  runtime: RuntimeProcess,
  slots: number,
  invoke: Invoke,
  { seconds, events, log }: Method,
  onPhase: OnPhase,
): Promise<Busy> {
  const loop = new ClosedLoop(invoke, slots);
  const pause = (ms: number): Promise<unknown> => runtime.unlessFailed(setTimeout(ms));
  const enough = Math.max(slots, events.length, ENOUGH);
  onPhase('warming up', 0.2);
  const steady = await warmUp(loop, slots, seconds, async (ms, tally) => {
    await pause(ms);
    assertSomeWork(tally, enough, log);
  });
  onPhase('measuring', 0.5);
  let quietest: Busy | undefined;
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = await readUsage(runtime);
    const tally = loop.nextTally();
    await whileMeasured(tally, slots, seconds, pause);
    const used = usedBetween(before, await readUsage(runtime));
    // What ends from here on is not of the same time as the CPU time.
    loop.nextTally();
    assertSomeWork(tally, 0, log);
    if (quietest === undefined || used.others < quietest.used.others) quietest = { tally, used, steady };
    if (quietest.used.others <= MUCH_OTHERS) break;
    onPhase('measuring again, since other programs are busy', 0.6);
  }
  await runtime.unlessFailed(loop.stop());
  return quietest as Busy;
}

/** Slow handlers need longer, so that there is something to count. */
async function whileMeasured(
  tally: Tally,
  slots: number,
  seconds: number,
  pause: (ms: number) => Promise<unknown>,
): Promise<void> {
  const startMs = performance.now();
  const passed = (): number => (performance.now() - startMs) / 1000;
  while (passed() < seconds || (tally.count < slots * MIN_EACH && passed() < seconds * MAX_LONGER)) {
    await pause(Math.min(STEP_MS, seconds * 100));
  }
}

const ROUNDS = 3;
const STEP_MS = 50;
const ENOUGH = 5;
const MIN_EACH = 4;
const MAX_LONGER = 10;

/** Throws a BenchError when so many have been answered, and all of them with an error. */
function assertSomeWork(tally: Tally, enough: number, log: HandlerLog): void {
  const { total, failed, firstError } = tally.answers;
  if (total < enough || failed < total) return;
  const what =
    total === 0
      ? 'No invocation was answered while it was measured: try more --seconds.'
      : `All of ${total} invocations failed, so there is nothing to measure. The first error: ${firstError}`;
  throw new BenchError(`${what}\n${log.keep()}`);
}
