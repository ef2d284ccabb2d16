import { setTimeout } from 'node:timers/promises';
import type { InvokeResult } from '../../local/invoke.ts';
import { startRuntimeApiServer } from '../../local/runtime-api-server.ts';
import { BenchError } from './flags.ts';
import { ClosedLoop, atRate, warmUp } from './load.ts';
import type { Invoke } from './load.ts';
import { NOISY_SHARE, readUsage, usedBetween } from './machine.ts';
import type { Used } from './machine.ts';
import { invocationsPerThread } from './measurement.ts';
import type { AtRate, Measurement, Setup, Tally } from './measurement.ts';
import { RuntimeProcess } from './runtime-process.ts';
import type { OutputFile, MeasuredFunction } from './runtime-process.ts';

/** How each setup is measured. */
export interface Method extends MeasuredFunction {
  /** JSON texts, sent in turn. */
  readonly events: readonly string[];
  readonly timeoutMs: number;
  /** The minimum duration of each measurement. */
  readonly seconds: number;
  /** Events per second, for the open loop. */
  readonly rates: readonly number[];
}

/** Reports the current phase of a setup, and its progress from 0 to 1. */
type OnPhase = (phase: string, done: number) => void;

/**
 * Starts a runtime, warms it up, and measures it, first with all slots busy, then at the given rates.
 *
 * Rejects with a BenchError when the handler cannot be loaded, all invocations fail, or the runtime's process exits.
 */
export async function measure(setup: Setup, method: Method, onPhase: OnPhase): Promise<Measurement> {
  const { events, timeoutMs } = method;
  // Node.js 22 does not support `await using`.
  const api = await startRuntimeApiServer({ timeoutMs, deliveryHistory: 0 });
  try {
    const runtime = new RuntimeProcess(method, setup, api);
    const invoke = invokeInTurn(events, (event) =>
      api.invoke(event, { whenCapacity: true, keepStream: false }),
    );
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
    peakMemoryMiB: (await runtime.metrics()).peakMemoryMiB,
    loadCore: used.loadCore,
    others: used.others,
    rates,
  };
}

async function measureAtRates(
  runtime: RuntimeProcess,
  invoke: Invoke,
  maxPerSecond: number,
  { rates, seconds }: Method,
  onPhase: OnPhase,
): Promise<AtRate[]> {
  const measured: AtRate[] = [];
  for (const [index, perSecond] of rates.entries()) {
    if (perSecond >= maxPerSecond) {
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

/** Sends the events in turn, again and again. */
export function invokeInTurn(
  events: readonly string[],
  invoke: (event: string) => Promise<InvokeResult>,
): Invoke {
  let sent = 0;
  return async () => {
    const event = events[sent % events.length] as string;
    sent += 1;
    const result = await invoke(event);
    if (result.status === 'response') return undefined;
    if (result.status === 'error') {
      return `${result.error?.errorType ?? result.errorType}: ${result.error?.errorMessage ?? ''}`;
    }
    // The server is closed. A promise that never settles ends the caller's loop.
    if (result.status === 'unavailable') return new Promise(() => undefined);
    return result.errorMessage;
  };
}

/** The result of a measurement with all slots busy. */
interface Busy {
  readonly tally: Tally;
  readonly used: Used;
  readonly steady: boolean;
}

/**
 * Warms a runtime up and measures it. If other programs use much of the machine, it measures again, at most twice, and
 * keeps the measurement with the least interference.
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
  const minAnswers = Math.max(slots, events.length, MIN_ANSWERS);
  onPhase('warming up', 0.2);
  const steady = await warmUp(loop, slots, seconds, async (ms, tally) => {
    await pause(ms);
    assertSomeSucceeded(tally, minAnswers, log);
  });
  onPhase('measuring', 0.5);
  let quietest: Busy | undefined;
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = await readUsage(runtime);
    const tally = loop.nextTally();
    await waitForMeasurement(tally, slots, seconds, pause);
    const used = usedBetween(before, await readUsage(runtime));
    // Later answers are outside the interval of the CPU measurement.
    loop.nextTally();
    assertSomeSucceeded(tally, 0, log);
    if (quietest === undefined || used.others < quietest.used.others) quietest = { tally, used, steady };
    if (quietest.used.others <= NOISY_SHARE) break;
    onPhase('measuring again because other programs are busy', 0.6);
  }
  await runtime.unlessFailed(loop.stop());
  return quietest as Busy;
}

/** Waits for the given duration; longer for slow handlers, so that there are enough answers to count. */
async function waitForMeasurement(
  tally: Tally,
  slots: number,
  seconds: number,
  pause: (ms: number) => Promise<unknown>,
): Promise<void> {
  const startMs = performance.now();
  const elapsed = (): number => (performance.now() - startMs) / 1000;
  while (
    elapsed() < seconds ||
    (tally.count < slots * MIN_ANSWERS_PER_SLOT && elapsed() < seconds * MAX_DURATION_FACTOR)
  ) {
    await pause(Math.min(STEP_MS, seconds * 100));
  }
}

const ROUNDS = 3;
const STEP_MS = 50;
const MIN_ANSWERS = 5;
const MIN_ANSWERS_PER_SLOT = 4;
const MAX_DURATION_FACTOR = 10;

/** Throws a BenchError when at least `minAnswers` invocations have been answered and all of them failed. */
function assertSomeSucceeded(tally: Tally, minAnswers: number, log: OutputFile): void {
  const { total, failed, firstError } = tally.answers;
  if (total < minAnswers || failed < total) return;
  const problem =
    total === 0
      ? 'No invocation was answered during the measurement. Increase --seconds.'
      : `All ${total} invocations failed, so there is nothing to measure. First error: ${firstError}`;
  throw new BenchError(`${problem}\n${log.keep()}`);
}
