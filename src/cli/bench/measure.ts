import { setTimeout } from 'node:timers/promises';
import { startRuntimeApiServer } from '../../local/runtime-api-server.ts';
import type { InvokeResult } from '../../local/invoke.ts';
import { BenchError } from './bench-error.ts';
import { ClosedLoop } from './closed-loop.ts';
import type { Invoke } from './closed-loop.ts';
import type { HandlerLog } from './handler-log.ts';
import type { AtRate, Measurement } from './measurement.ts';
import { atRate } from './open-loop.ts';
import { readUsage, usedBetween } from './usage.ts';
import { RuntimeProcess } from './runtime-process.ts';
import { invocationsPerThread } from './setup.ts';
import type { Setup } from './setup.ts';
import { warmUp } from './steady.ts';
import type { Tally } from './tally.ts';

/** How each setup is measured. */
export interface Method {
  readonly workerFile: string;
  /** JSON; sent in turn. */
  readonly events: readonly string[];
  readonly timeoutMs: number;
  /** How long is measured, at least. */
  readonly seconds: number;
  /** Events a second, for the open loop. */
  readonly rates: readonly number[];
  readonly log: HandlerLog;
}

/** What is being done with a setup, and how far it is, 0 to 1. */
export type OnPhase = (phase: string, done: number) => void;

/**
 * Starts a runtime, warms it up, and measures it: each slot busy all the time, then at given rates.
 *
 * Rejects with a BenchError when the handler cannot be loaded, when all invocations fail, and when the process ends.
 */
export async function measure(setup: Setup, method: Method, onPhase: OnPhase): Promise<Measurement> {
  await using api = await startRuntimeApiServer({ timeoutMs: method.timeoutMs, deliveryHistory: 0 });
  await using runtime = new RuntimeProcess(method.workerFile, setup, api, method.log);
  const invoke = invoking(method.events, (event) =>
    api.invoke(event, { whenCapacity: true, keepStream: false }),
  );
  onPhase('starting', 0);
  const slots = await runtime.ready();
  const loop = new ClosedLoop(invoke, slots);
  const pause = (ms: number): Promise<unknown> => runtime.unlessFailed(setTimeout(ms));
  onPhase('warming up', 0.2);
  const enough = Math.max(slots, method.events.length, ENOUGH);
  const steady = await warmUp(loop, slots, method.seconds, async (ms, tally) => {
    await pause(ms);
    assertSomeWork(tally, enough, method.log);
  });
  onPhase('measuring', 0.5);
  const before = await readUsage(runtime);
  const tally = loop.nextTally();
  await whileMeasured(tally, slots, method.seconds, pause);
  const used = usedBetween(before, await readUsage(runtime));
  // What ends from here on has not had all slots busy beside it.
  loop.nextTally();
  assertSomeWork(tally, 0, method.log);
  await runtime.unlessFailed(loop.stop());
  const perThread = invocationsPerThread(setup);
  const { perSecond, error } = tally.throughput(slots);
  const rates: AtRate[] = [];
  for (const [index, rate] of method.rates.entries()) {
    onPhase(`measuring at ${rate}/s`, 0.7 + (0.3 * index) / method.rates.length);
    rates.push(rate < perSecond ? await measureAtRate(rate) : { perSecond: rate, tooMuch: true });
  }
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
    cpu: { msPerInvocation: (used.cores * 1000) / perSecond, cores: used.cores },
    peakMemoryMiB: (await runtime.figures()).peakMemoryMiB,
    loadCore: used.loadCore,
    others: used.others,
    rates,
  };

  async function measureAtRate(rate: number): Promise<AtRate> {
    const before = await readUsage(runtime);
    const tally = await runtime.unlessFailed(atRate(rate, method.seconds, invoke));
    const { cores } = usedBetween(before, await readUsage(runtime));
    return { perSecond: rate, latencyMs: tally.latency, answers: tally.answers, cpuCores: cores };
  }
}

function invoking(events: readonly string[], invoke: (event: string) => Promise<InvokeResult>): Invoke {
  let sent = 0;
  return async () => {
    const event = events[sent % events.length] as string;
    sent += 1;
    const result = await invoke(event);
    if (result.status === 'response') return undefined;
    if (result.status === 'error') return `${result.errorType}: ${result.error?.errorMessage ?? ''}`;
    // The server is closed: nobody asks any more, and nobody may ask for ever.
    if (result.status === 'unavailable') return new Promise(() => undefined);
    return result.errorMessage;
  };
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
  while (passed() < seconds || (tally.count < slots * LEAST_EACH && passed() < seconds * MOST_LONGER)) {
    await pause(Math.min(STEP_MS, seconds * 100));
  }
}

/** Once enough of them say so. */
function assertSomeWork(tally: Tally, enough: number, log: HandlerLog): void {
  const { total, failed, firstError } = tally.answers;
  if (total < enough || failed < total) return;
  const what =
    total === 0
      ? 'No invocation was answered while it was measured: try more --seconds.'
      : `All of ${total} invocations failed, so there is nothing to measure. The first error: ${firstError}`;
  throw new BenchError(`${what}\n${log.keep()}`);
}

const STEP_MS = 50;
const ENOUGH = 5;
const LEAST_EACH = 4;
const MOST_LONGER = 10;
