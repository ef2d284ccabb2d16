import { signal } from '@preact/signals';
import type {
  BurstState,
  InvocationState,
  LoggedText,
  StatsSample,
  Snapshot,
  ShownThread,
  Update,
} from '../../messages.ts';

/** The state of the page. Only {@link take} and {@link takeAll} change it. */
export const about = signal<Omit<Snapshot, keyof Update> | undefined>(undefined);
/** The invocations that the server retains, by request id. */
export const invocations = signal<ReadonlyMap<string, InvocationState>>(new Map());
/** The threads, by {@link threadKey}. */
export const threads = signal<ReadonlyMap<string, ShownThread>>(new Map());
export const lines = signal<readonly LoggedText[]>([]);
export const samples = signal<readonly StatsSample[]>([]);
export const waiting = signal(0);
export const inFlight = signal(0);
export const refused = signal(0);
/** When calls were refused with 429. */
export const refusals = signal<readonly number[]>([]);
export const burst = signal<BurstState>({ wanted: 0, done: 0, failed: 0 });

/** The offset of the server's clock from this page's clock, in ms. */
let clockAheadMs = 0;

/** The server's clock, epoch ms. */
export function serverNow(): number {
  return Date.now() + clockAheadMs;
}

/** Includes the start time, because thread numbers repeat when a runtime starts again. */
export function threadKey({ thread, startedAt }: ShownThread): string {
  return `${thread}@${startedAt}`;
}

/** Replaces the whole state with a snapshot. */
export function takeAll(snapshot: Snapshot): void {
  const { functionName, concurrency, invocationsPerThread, timeoutMs, mostInvocations, mostAtOnce } =
    snapshot;
  clockAheadMs = snapshot.now - Date.now();
  about.value = {
    functionName,
    concurrency,
    invocationsPerThread,
    timeoutMs,
    mostInvocations,
    mostAtOnce,
  };
  invocations.value = new Map();
  threads.value = new Map();
  lines.value = [];
  samples.value = [];
  refusals.value = [];
  take(snapshot);
}

export function take(update: Update): void {
  setClock(update.now);
  if (update.invocations.length + update.forgotten.length > 0) {
    const all = new Map(invocations.value);
    for (const requestId of update.forgotten) all.delete(requestId);
    for (const each of update.invocations) all.set(each.requestId, each);
    invocations.value = all;
  }
  if (update.threads.length > 0) {
    const all = new Map(threads.value);
    for (const each of update.threads) all.set(threadKey(each), each);
    threads.value = withoutLongGone(all);
  }
  const last = lines.value.at(-1)?.order ?? 0;
  const fresh = update.lines.filter(({ order }) => order > last);
  if (fresh.length > 0) lines.value = [...lines.value, ...fresh].slice(-MAX_LINES);
  const lastAt = samples.value.at(-1)?.at ?? 0;
  const freshSamples = update.samples.filter(({ at }) => at > lastAt);
  if (freshSamples.length > 0) samples.value = [...samples.value, ...freshSamples].slice(-MAX_SAMPLES);
  waiting.value = update.waiting;
  inFlight.value = update.inFlight;
  refused.value = update.refused;
  const lastRefusal = refusals.value.at(-1) ?? 0;
  const freshRefusals = update.refusals.filter((at) => at > lastRefusal);
  if (freshRefusals.length > 0) refusals.value = [...refusals.value, ...freshRefusals].slice(-MAX_REFUSALS);
  burst.value = update.burst;
}

const MAX_ENDED_THREADS = 64;
const MAX_LINES = 1000;
const MAX_SAMPLES = 300;
const MAX_REFUSALS = 500;

/** A delayed message makes the server's clock appear to lag. A larger difference means that one of the clocks was set. */
function setClock(now: number): void {
  const aheadMs = now - Date.now();
  if (aheadMs > clockAheadMs || aheadMs < clockAheadMs - MAX_LATE_MS) clockAheadMs = aheadMs;
}

const MAX_LATE_MS = 1000;

function withoutLongGone(all: Map<string, ShownThread>): Map<string, ShownThread> {
  const ended = [...all].filter(([, { endedAt }]) => endedAt !== undefined);
  for (const [key] of ended.slice(0, -MAX_ENDED_THREADS)) all.delete(key);
  return all;
}
