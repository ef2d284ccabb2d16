import { startRuntimeApiServer } from '../../local/runtime-api-server.ts';
import type { InvokeResult } from '../../local/invoke.ts';
import type { Invoke } from './closed-loop.ts';
import { measureBusy } from './measure-busy.ts';
import type { AtRate, Measurement } from './measurement.ts';
import { atRate } from './open-loop.ts';
import { RuntimeProcess } from './runtime-process.ts';
import type { Measured } from './runtime-process.ts';
import { invocationsPerThread } from './setup.ts';
import type { Setup } from './setup.ts';
import { readUsage, usedBetween } from './usage.ts';

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
export type OnPhase = (phase: string, done: number) => void;

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
