import { setTimeout } from 'node:timers/promises';
import { assertSomeWork } from './assert-some-work.ts';
import { ClosedLoop } from './closed-loop.ts';
import type { Invoke } from './closed-loop.ts';
import type { Method, OnPhase } from './measure.ts';
import type { RuntimeProcess } from './runtime-process.ts';
import { warmUp } from './steady.ts';
import type { Tally } from './tally.ts';
import { MUCH_OTHERS, readUsage, usedBetween } from './usage.ts';
import type { Used } from './usage.ts';

/** What a runtime did while each of its slots was busy all the time. */
export interface Busy {
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
export async function measureBusy(
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
  while (passed() < seconds || (tally.count < slots * LEAST_EACH && passed() < seconds * MOST_LONGER)) {
    await pause(Math.min(STEP_MS, seconds * 100));
  }
}

const ROUNDS = 3;
const STEP_MS = 50;
const ENOUGH = 5;
const LEAST_EACH = 4;
const MOST_LONGER = 10;
