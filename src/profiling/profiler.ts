import type { Readable } from 'node:stream';
import { Promise, nextTurn, sleep } from '../builtins.ts';
import { ManagedRuntimeError } from '../errors.ts';
import { monotonicMs } from '../invocation/time.ts';
import { canProfileThreads } from '../pool/cpu-profile.ts';
import type { CpuProfile } from '../pool/cpu-profile.ts';
import { canProfileHeaps } from '../pool/heap-profile.ts';
import type { HeapProfile } from '../pool/heap-profile.ts';
import type { ProfiledThread } from '../pool/profiled-thread.ts';
import { aborted, timeoutSignal } from '../waiting.ts';
import { InvocationTimeline } from './invocation-timeline.ts';
import type { CpuProfiles, HeapProfiles, ProfileOptions, Profiles } from './profiles.ts';

/** Profiles the CPU time of threads, and names the invocation of each sample. */
export async function profileCpu(
  threads: readonly ProfiledThread[],
  options: ProfileOptions,
  ended: AbortSignal,
): Promise<CpuProfiles> {
  const chosen = choose(threads, options);
  if (!canProfileThreads()) refuseWorkers(chosen.found, 'Node.js 22.20 and 24.8 can');
  const timelines = new Map(chosen.found.map((thread) => [thread, new InvocationTimeline(thread)]));
  const taken = await takeAll(chosen, options, ended, ({ profiler }) => profiler.startCpuProfile());
  for (const timeline of timelines.values()) timeline.stop();
  return readAll(taken, (text, thread, stoppedMs) => {
    const timeline = timelines.get(thread) as InvocationTimeline;
    return timeline.annotate(JSON.parse(text) as CpuProfile, nameOf(thread.id), stoppedMs);
  });
}

/** Samples the allocations of threads. */
export async function profileHeaps(
  threads: readonly ProfiledThread[],
  options: ProfileOptions,
  ended: AbortSignal,
): Promise<HeapProfiles> {
  const chosen = choose(threads, options);
  if (!canProfileHeaps()) refuseWorkers(chosen.found, 'Node.js 24.9 can');
  const taken = await takeAll(chosen, options, ended, ({ profiler }) => profiler.startHeapProfile());
  return readAll(taken, (text) => JSON.parse(text) as HeapProfile);
}

/** Takes a heap snapshot of one thread. */
export async function takeSnapshot(threads: readonly ProfiledThread[], id: number): Promise<Readable> {
  const thread = threads.find((each) => each.id === id);
  const snapshot = await thread?.profiler.heapSnapshot();
  if (snapshot !== undefined) return snapshot;
  const reason = thread === undefined ? `There is no thread ${id}.` : `The thread ${id} has ended.`;
  throw new ManagedRuntimeError('PROFILING_UNAVAILABLE', reason);
}

interface Chosen {
  readonly found: readonly ProfiledThread[];
  /** Numbers of threads that do not exist. */
  readonly unknown: readonly number[];
}

function choose(threads: readonly ProfiledThread[], { seconds, threads: ids }: ProfileOptions): Chosen {
  if (!Number.isFinite(seconds) || seconds <= 0 || seconds > MAX_SECONDS)
    throw new RangeError(`seconds must be a number above 0 and at most ${MAX_SECONDS}`);
  if (ids === undefined) return { found: threads, unknown: [] };
  return {
    found: threads.filter(({ id }) => ids.includes(id)),
    unknown: ids.filter((id) => !threads.some((thread) => thread.id === id)),
  };
}

/** A sample is taken each ms, and the profiles of all threads are in memory at the end. */
const MAX_SECONDS = 60;

function refuseWorkers(threads: readonly ProfiledThread[], able: string): void {
  if (threads.every(({ id }) => id === MAIN_THREAD)) return;
  throw new ManagedRuntimeError(
    'PROFILING_UNAVAILABLE',
    `Node.js ${process.versions.node} cannot profile worker threads in this way; ${able}. ` +
      'With threads: [0], only the main thread is profiled.',
  );
}

interface Profiling {
  stop(): Promise<string | undefined>;
}

type Taken = { readonly thread: number; readonly reason: string } | TakenText;

interface TakenText {
  readonly thread: ProfiledThread;
  readonly text: string;
  readonly stoppedMs: number;
}

/** Profiles all threads at the same time, until the time is over or the runtime ends. */
async function takeAll(
  { found, unknown }: Chosen,
  { seconds }: ProfileOptions,
  ended: AbortSignal,
  start: (thread: ProfiledThread) => Promise<Profiling | undefined>,
): Promise<Taken[]> {
  const started = found.map((thread) => ({ thread, profiling: start(thread) }));
  const allStarted = Promise.allSettled(started.map(({ profiling }) => profiling));
  const isOver = (async () => {
    await within(START_MS, ended, allStarted);
    await within(seconds * 1_000, ended);
  })();
  const taken = started.map(({ thread, profiling }) => take(thread, profiling, isOver));
  const missing = unknown.map((thread) => ({ thread, reason: 'There is no such thread.' }));
  return [...(await Promise.all(taken)), ...missing];
}

/** Resolves after `ms`, when the signal aborts, or with the promise, which never rejects. */
async function within(ms: number, ended: AbortSignal, promise?: Promise<unknown>): Promise<void> {
  const timeout = timeoutSignal(ms, ended);
  await Promise.race([aborted(timeout.signal), ...(promise === undefined ? [] : [promise])]);
  timeout.end();
}

/** How long the profile waits for threads that are in a single call of native code when it starts. */
const START_MS = 1_000;

async function take(
  thread: ProfiledThread,
  profiling: Promise<Profiling | undefined>,
  isOver: Promise<void>,
): Promise<Taken> {
  const missing = (reason: string): Taken => ({ thread: thread.id, reason });
  const left = Promise.withResolvers<void>();
  const watcher = { onLeave: left.resolve };
  // A profile that starts too late is also stopped.
  const profile = async () => {
    try {
      const started = await profiling;
      if (started === undefined) return missing(ENDED);
      // The profile of a thread is lost when the thread exits.
      await Promise.race([isOver, left.promise]);
      const text = await started.stop();
      return text === undefined ? missing(ENDED) : { thread, text, stoppedMs: monotonicMs() };
    } catch (error) {
      return missing(`Node.js cannot profile it: ${(error as Error).message}`);
    } finally {
      thread.watchers.delete(watcher);
    }
  };
  thread.watchers.add(watcher);
  const giveUp = async () => {
    await isOver;
    await sleep(STOP_MS, undefined, { ref: false });
    return missing(BLOCKED);
  };
  return Promise.race([profile(), giveUp()]);
}

/** How long the profile waits for threads that are in a single call of native code when it stops. */
const STOP_MS = 2_000;

const ENDED = 'The thread ended while it was profiled.';
const BLOCKED = 'The thread did not respond, because it is in a single call of native code.';

/** Parses one profile in each turn of the event loop, because the main thread serves all threads. */
async function readAll<Profile>(
  taken: readonly Taken[],
  read: (text: string, thread: ProfiledThread, stoppedMs: number) => Profile,
): Promise<Profiles<Profile>> {
  const profiles: Profiles<Profile>['profiles'][number][] = [];
  const missing: Profiles<Profile>['missing'][number][] = [];
  for (const each of taken) {
    if ('reason' in each) {
      missing.push({ thread: each.thread, name: nameOf(each.thread), reason: each.reason });
      continue;
    }
    const { thread, text, stoppedMs } = each;
    profiles.push({ thread: thread.id, name: nameOf(thread.id), profile: read(text, thread, stoppedMs) });
    await nextTurn();
  }
  return { profiles, missing };
}

const MAIN_THREAD = 0;

function nameOf(thread: number): string {
  return thread === MAIN_THREAD ? 'main' : `thread-${thread}`;
}
