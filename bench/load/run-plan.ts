import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Desk } from './desk.ts';
import type { Body, EventClass, LoadPlan } from './protocol.ts';
import { seededRandom } from '../../src/cli/bench/load.ts';

/** A plan that is being carried out. */
export interface RunningPlan {
  /** To be called when a poll has arrived, before it is parked. */
  onPoll(): void;
  /** Resolves when the last event is due; it may not be answered yet. */
  readonly issued: Promise<void>;
}

/** Starts to hand out events as the plan says. */
export function runPlan(plan: LoadPlan, desk: Desk): RunningPlan {
  return plan.kind === 'saturation'
    ? saturate(plan, desk)
    : { onPoll: () => undefined, issued: arrive(plan, desk) };
}

function saturate(plan: Extract<LoadPlan, { kind: 'saturation' }>, desk: Desk): RunningPlan {
  const body = bytesOf(plan.body);
  const issued = Promise.withResolvers<void>();
  let left = 'events' in plan.until ? plan.until.events : Infinity;
  const endMs = 'seconds' in plan.until ? performance.now() + plan.until.seconds * 1000 : Infinity;
  const onPoll = (): void => {
    const now = performance.now();
    if (left <= 0 || now >= endMs) return issued.resolve();
    left -= 1;
    desk.push({ className: 'all', body, dueMs: now });
    if (left === 0) issued.resolve();
  };
  for (let parked = desk.polls; parked > 0; parked -= 1) onPoll();
  return { onPoll, issued: issued.promise };
}

async function arrive(plan: Extract<LoadPlan, { kind: 'poisson' }>, desk: Desk): Promise<void> {
  const random = seededRandom(plan.seed);
  const classes = plan.classes.map((each) => ({ ...each, bytes: bytesOf(each.body) }));
  const startMs = performance.now();
  const endMs = startMs + plan.seconds * 1000;
  for (let dueMs = startMs; ;) {
    dueMs += (-Math.log(1 - random()) / plan.perSecond) * 1000;
    if (dueMs > endMs) return;
    await until(dueMs);
    const { name, bytes } = draw(classes, random());
    desk.push({ className: name, body: bytes, dueMs });
  }
}

/** Timers have a grain of a millisecond; the rest of the wait turns the event loop, which still takes answers. */
async function until(dueMs: number): Promise<void> {
  const waitMs = Math.floor(dueMs - performance.now() - 1);
  if (waitMs >= 1) await setTimeout(waitMs);
  while (performance.now() < dueMs) await setImmediate();
}

function draw<Class extends EventClass>(classes: readonly Class[], at: number): Class {
  let sum = 0;
  for (const each of classes) {
    sum += each.share;
    if (at < sum) return each;
  }
  return classes.at(-1) as Class;
}

function bytesOf(body: Body): Uint8Array {
  if (body.kind === 'json') return Buffer.from(body.text);
  return body.bytes < 2 ? Buffer.alloc(0) : Buffer.from(`"${'x'.repeat(body.bytes - 2)}"`);
}
