import { setTimeout } from 'node:timers/promises';
import type { InvokeResult } from '../../local/invoke.ts';
import { startRuntimeApiServer } from '../../local/runtime-api-server.ts';
import type { RuntimeApiServer } from '../../local/runtime-api-server.ts';
import { BenchError } from './bench-error.ts';
import { ClosedLoop, atRate, warmUp } from './load.ts';
import type { Invoke } from './load.ts';
import { readUsage, usedBetween } from './machine.ts';
import type { AtRate, Measurement, Setup } from './measurement.ts';
import { ROUNDS, combineRounds, needsRound } from './rounds.ts';
import type { Round } from './rounds.ts';
import { RuntimeProcess } from './runtime-process.ts';
import type { MeasuredFunction, OutputFile } from './runtime-process.ts';
import type { Tally } from './tally.ts';

/** How each size is measured. */
export interface Method extends MeasuredFunction {
  /** Sent in turn. */
  readonly events: ReadonlyArray<string | Uint8Array>;
  readonly timeoutMs: number;
  /** The minimum duration of the measurement of a size, all rounds together. */
  readonly seconds: number;
  /** Events per second, for the open loop. */
  readonly rates: readonly number[];
}

/** A size with its runtime, which stays alive between the rounds. */
export class MeasuredSize {
  readonly setup: Setup;
  /** The slots that the runtime could start. The function's memory may limit them. */
  readonly #slots: number;
  readonly #api: RuntimeApiServer;
  readonly #runtime: RuntimeProcess;
  readonly #invoke: Invoke;
  readonly #method: Method;
  readonly #rounds: Round[] = [];
  #steady = false;
  #peakMemoryMiB = 0;
  #rates: readonly AtRate[] = [];

  private constructor(
    setup: Setup,
    method: Method,
    { api, runtime, slots }: { api: RuntimeApiServer; runtime: RuntimeProcess; slots: number },
  ) {
    this.setup = setup;
    this.#method = method;
    this.#api = api;
    this.#runtime = runtime;
    this.#slots = slots;
    this.#invoke = invokeInTurn(method.events, (event) =>
      api.invoke(event, { whenCapacity: true, keepStream: false }),
    );
  }

  /** Starts the runtime. Rejects with a BenchError when the handler cannot be loaded. */
  static async start(setup: Setup, method: Method): Promise<MeasuredSize> {
    const api = await startRuntimeApiServer({ timeoutMs: method.timeoutMs, deliveryHistory: 0 });
    const runtime = new RuntimeProcess(method, setup, api);
    try {
      return new MeasuredSize(setup, method, { api, runtime, slots: await runtime.ready() });
    } catch (error) {
      await runtime[Symbol.asyncDispose]();
      await api.close();
      throw error;
    }
  }

  /** Runs the handler until its throughput is steady. Rejects with a BenchError when all invocations fail. */
  async warmUp(): Promise<void> {
    const { seconds, events, log } = this.#method;
    const minAnswers = Math.max(this.#slots, events.length, MIN_ANSWERS);
    const loop = new ClosedLoop(this.#invoke, this.#slots);
    this.#steady = await warmUp(loop, this.#slots, seconds, async (ms, tally) => {
      await this.#pause(ms);
      assertSomeSucceeded(tally, minAnswers, log);
    });
    await this.#runtime.unlessFailed(loop.stop());
  }

  get needsRound(): boolean {
    return needsRound(this.#rounds);
  }

  /** Measures one round. Rejects with a BenchError when all invocations fail, or when the runtime's process ends. */
  async measureRound(): Promise<void> {
    const loop = new ClosedLoop(this.#invoke, this.#slots);
    const seconds = this.#method.seconds / ROUNDS;
    // The first answers come after a pause, in which other sizes used the caches of the CPU.
    await this.#answers(loop.nextTally(), 1, 0);
    const before = await readUsage(this.#runtime);
    const tally = loop.nextTally();
    await this.#answers(tally, MIN_ANSWERS_PER_SLOT, seconds);
    const used = usedBetween(before, await readUsage(this.#runtime));
    // Later answers are outside the interval of the CPU measurement.
    loop.nextTally();
    assertSomeSucceeded(tally, 0, this.#method.log);
    await this.#runtime.unlessFailed(loop.stop());
    this.#rounds.push({ tally, used });
    this.#peakMemoryMiB = (await this.#runtime.metrics()).peakMemoryMiB;
  }

  /** Measures the given rates, except those above the measured throughput. */
  async measureRates(onRate: (perSecond: number) => void): Promise<void> {
    const { rates, seconds } = this.#method;
    const max = this.measurement().perSecond;
    const measured: AtRate[] = [];
    for (const perSecond of rates) {
      if (perSecond >= max) {
        measured.push({ perSecond, tooMuch: true });
        continue;
      }
      onRate(perSecond);
      const before = await readUsage(this.#runtime);
      const { latency, answers } = await this.#runtime.unlessFailed(atRate(perSecond, seconds, this.#invoke));
      const { cores } = usedBetween(before, await readUsage(this.#runtime));
      measured.push({ perSecond, latencyMs: latency, answers, cpuCores: cores });
    }
    this.#rates = measured;
  }

  /** The measurement after the rounds so far. There must be one. */
  measurement(): Measurement {
    return combineRounds(this.#rounds, {
      setup: this.setup,
      slots: this.#slots,
      steady: this.#steady,
      peakMemoryMiB: this.#peakMemoryMiB,
      rates: this.#rates,
    });
  }

  async end(): Promise<void> {
    await this.#runtime[Symbol.asyncDispose]();
    await this.#api.close();
  }

  /** Resolves after the given duration; later for slow handlers, so that there are enough answers to count. */
  async #answers(tally: Tally, perSlot: number, seconds: number): Promise<void> {
    const startMs = performance.now();
    const elapsed = (): number => (performance.now() - startMs) / 1000;
    const most = this.#method.seconds * MAX_DURATION_FACTOR;
    while (elapsed() < seconds || (tally.count < this.#slots * perSlot && elapsed() < most)) {
      await this.#pause(Math.min(STEP_MS, this.#method.seconds * 100));
    }
  }

  #pause(ms: number): Promise<unknown> {
    return this.#runtime.unlessFailed(setTimeout(ms));
  }
}

/** Sends the events in turn, again and again. */
export function invokeInTurn(
  events: ReadonlyArray<string | Uint8Array>,
  invoke: (event: string | Uint8Array) => Promise<InvokeResult>,
): Invoke {
  let sent = 0;
  return async () => {
    const event = events[sent % events.length] as string | Uint8Array;
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

const STEP_MS = 50;
const MIN_ANSWERS = 5;
/** In each round. */
const MIN_ANSWERS_PER_SLOT = 2;
/** The maximum duration of a round, as a multiple of the duration of all rounds. */
const MAX_DURATION_FACTOR = 4;

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
