import { setImmediate, setTimeout } from 'node:timers/promises';
import type { EventBroker } from './broker.ts';
import type { Body, EventClass, LoadPlan } from './protocol.ts';
import { seededRandom } from '../../src/cli/bench/load.ts';

/** A running plan. */
export interface RunningPlan {
  /** Must be called when a poll arrives, before it is open. */
  onPoll(): void;
  /** Resolves when the last event is due. Events may still be in flight. */
  readonly issued: Promise<void>;
}

/** Starts to deliver events according to a plan. */
export function runPlan(plan: LoadPlan, broker: EventBroker): RunningPlan {
  return plan.kind === 'saturation'
    ? saturate(plan, broker)
    : { onPoll: () => undefined, issued: arrive(plan, broker) };
}

function saturate(plan: Extract<LoadPlan, { kind: 'saturation' }>, broker: EventBroker): RunningPlan {
  const body = bytesOf(plan.body);
  const issued = Promise.withResolvers<void>();
  let left = 'events' in plan.until ? plan.until.events : Infinity;
  const endMs = 'seconds' in plan.until ? performance.now() + plan.until.seconds * 1000 : Infinity;
  const onPoll = (): void => {
    const now = performance.now();
    if (left <= 0 || now >= endMs) return issued.resolve();
    left -= 1;
    broker.push({ className: 'all', body, dueMs: now });
    if (left === 0) issued.resolve();
  };
  for (let open = broker.polls; open > 0; open -= 1) onPoll();
  return { onPoll, issued: issued.promise };
}

async function arrive(plan: Extract<LoadPlan, { kind: 'poisson' }>, broker: EventBroker): Promise<void> {
  const random = seededRandom(plan.seed);
  const classes = plan.classes.map((each) => ({ ...each, bytes: bytesOf(each.body) }));
  const startMs = performance.now();
  const endMs = startMs + plan.seconds * 1000;
  for (let dueMs = startMs; ;) {
    dueMs += (-Math.log(1 - random()) / plan.perSecond) * 1000;
    if (dueMs > endMs) return;
    await until(dueMs);
    const { name, bytes } = draw(classes, random());
    broker.push({ className: name, body: bytes, dueMs });
  }
}

/** Timers have a resolution of 1 ms. The rest of the wait yields to the event loop, which keeps reading answers. */
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
