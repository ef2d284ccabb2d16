import { Promise, dateNow, getActiveResourcesInfo, nextTurn, sleep } from '../builtins.ts';
import { msUntil } from '../invocation/time.ts';
import type { Log } from '../logging/log.ts';
import { threadCpuMs } from '../observability/thread-metrics.ts';
import { settlesWithin } from '../waiting.ts';
import { busiestStack, codeOfUser, firstStack, functionSamples } from './busiest-stack.ts';
import type { StackFrame } from './busiest-stack.ts';
import { canProfileThreads } from './cpu-profile.ts';
import type { CpuProfile } from './cpu-profile.ts';
import type { PoolThread } from './pool-thread.ts';
import { startStackMapper } from './source-maps.ts';
import type { StackMapper } from './source-maps.ts';

/** What a thread was doing shortly before an invocation missed its deadline. */
export type Activity =
  /** The event loop was blocked by this stack, innermost function first. */
  | { readonly kind: 'computing'; readonly stack: readonly StackFrame[]; readonly profiledMs: number }
  /** The event loop was blocked, and there is no profile. */
  | { readonly kind: 'blocked'; readonly noProfile: 'pending' | 'limit' | 'unsupported' }
  /** The handler blocked the main thread, so that neither the inquiry nor the answer was possible in time. */
  | { readonly kind: 'returned late' }
  /** The event loop turned. The resources are named as by `process.getActiveResourcesInfo()`. */
  | { readonly kind: 'waiting'; readonly resources: readonly string[] };

/** Finds out what a thread is doing. */
export interface Inquiry {
  /** What is known so far. */
  readonly activity: Activity | undefined;
  /** Resolves with the last activity when the inquiry is complete, which may be after the answer. Never rejects. */
  readonly completed: Promise<Activity | undefined>;
}

/** When to begin an inquiry for an invocation that the runtime answers at `answerAtMs`: late, and not before the signal aborts. */
export function inquiryAtMs(signalAtMs: number, answerAtMs: number): number {
  return Math.min(Math.max(signalAtMs, answerAtMs - LEAD_MS), answerAtMs);
}

/**
 * Asks threads what they are doing. A thread whose event loop turns names the resources for which it waits. A thread whose
 * event loop does not turn is profiled from the main thread, and at most {@link MAX_PROFILES} threads at once.
 */
export class DeadlineInquiries {
  readonly #log: Log;
  readonly #running = new Map<PoolThread, Inquiry>();
  #profiles = 0;
  #reportedUnsupported = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Joins an inquiry about the same thread that is in progress. */
  begin(thread: PoolThread, answerAtMs: number): Inquiry {
    const running = this.#running.get(thread) ?? this.#start(thread, answerAtMs);
    this.#running.set(thread, running);
    return running;
  }

  #start(thread: PoolThread, answerAtMs: number): Inquiry {
    let activity: Activity | undefined;
    const found = (latest: Activity) => {
      // A profile takes precedence over a later pong. After the answer, a pong only says what a blocked thread did next.
      const isOutdated =
        activity?.kind === 'computing' || (activity?.kind === 'blocked' && dateNow() >= answerAtMs);
      if (latest.kind === 'computing' || !isOutdated) activity = latest;
    };
    const end = () => {
      this.#running.delete(thread);
      return activity;
    };
    const completed = this.#inquire(thread, answerAtMs, found).then(end, end);
    return {
      completed,
      get activity() {
        return activity;
      },
    };
  }

  async #inquire(thread: PoolThread, answerAtMs: number, found: (activity: Activity) => void): Promise<void> {
    const resources = thread.eventLoop.activeResources();
    const toWaiting = resources.then((types) => {
      if (types !== undefined) found({ kind: 'waiting', resources: types });
    });
    if (await settlesWithin(toWaiting, Math.min(TURN_MS, msUntil(answerAtMs) / 4))) return;
    // The reply may have arrived while the main thread itself waited for a core.
    await nextTurn();
    if (await settlesWithin(toWaiting, 0)) return;
    if (!canProfileThreads()) this.#cannotProfile(found);
    else if (this.#profiles >= MAX_PROFILES) found({ kind: 'blocked', noProfile: 'limit' });
    else if (await this.#profile(thread, answerAtMs, toWaiting, found)) return;
    await toWaiting;
  }

  /** Resolves with whether there is nothing more to be found out. */
  async #profile(
    thread: PoolThread,
    answerAtMs: number,
    toWaiting: Promise<void>,
    found: (activity: Activity) => void,
  ): Promise<boolean> {
    found({ kind: 'blocked', noProfile: 'pending' });
    this.#profiles += 1;
    const mapper = startStackMapper();
    const profiled = profile(thread, answerAtMs, mapper, found, 0).then(
      // On a busy machine, a first profile can consist of hardly more than its own start.
      async (samples) =>
        samples === undefined ||
        samples >= ENOUGH_SAMPLES ||
        (await settlesWithin(toWaiting, 0)) ||
        (await profile(thread, answerAtMs, mapper, found, samples)) !== 0,
    );
    // Native code can delay the profile for long. Other threads may be profiled after the answer.
    await settlesWithin(profiled, msUntil(answerAtMs));
    this.#profiles -= 1;
    try {
      return await profiled;
    } finally {
      mapper.end();
    }
  }

  #cannotProfile(found: (activity: Activity) => void): void {
    found({ kind: 'blocked', noProfile: 'unsupported' });
    if (this.#reportedUnsupported) return;
    this.#reportedUnsupported = true;
    this.#log.warn(
      { node: process.versions.node },
      'This Node.js cannot profile threads, so deadline errors do not say where a thread was: use 22.20 or 24.8, or newer',
    );
  }
}

/**
 * An inquiry about the main thread, which cannot profile itself while the handler blocks it.
 *
 * @param dueMs when the inquiry was due, epoch ms.
 * @param ownSockets the number of sockets that the runtime itself waits for, or Infinity to leave out all.
 */
export function inquireMainThread(dueMs: number, ownSockets: number): Inquiry {
  const activity: Activity =
    dateNow() - dueMs > LEAD_MS
      ? { kind: 'returned late' }
      : { kind: 'waiting', resources: withoutOwn(getActiveResourcesInfo(), ownSockets) };
  return { activity, completed: Promise.resolve(activity) };
}

function withoutOwn(types: readonly string[], ownSockets: number): string[] {
  const own: Record<string, number> = {
    MessagePort: Infinity,
    TCPServerWrap: ownSockets === Infinity ? Infinity : 0,
    TCPSocketWrap: ownSockets,
    // stdout and stderr.
    PipeWrap: 2,
    TTYWrap: 2,
    // The timer that has begun the inquiry.
    Timeout: 1,
  };
  return types.filter((type) => {
    const left = own[type] ?? 0;
    own[type] = left - 1;
    return left <= 0;
  });
}

/**
 * Resolves with the number of samples of functions, 0 without a stack of the user's code, undefined if the thread has ended.
 * Reports a stack if it has more than `knownSamples`.
 */
async function profile(
  thread: PoolThread,
  answerAtMs: number,
  mapper: StackMapper,
  found: (activity: Activity) => void,
  knownSamples: number,
): Promise<number | undefined> {
  const profiling = await thread.profiler.startCpuProfile();
  if (profiling === undefined) return undefined;
  const leftMs = answerAtMs - dateNow();
  const profiledMs = leftMs > 0 ? await profileUntilAnswer(leftMs) : await profileLate(thread);
  const json = await profiling.stop();
  if (json === undefined) return undefined;
  const taken = JSON.parse(json) as CpuProfile;
  const stack = stackIn(taken, profiledMs, leftMs <= 0);
  // Without code of the user, the thread was waiting for a core.
  const samples = stack.length === 0 ? 0 : functionSamples(taken);
  if (samples <= knownSamples) return knownSamples;
  found({ kind: 'computing', stack, profiledMs });
  const mapped = await mapper.map(stack);
  if (mapped !== stack) found({ kind: 'computing', stack: mapped, profiledMs });
  return samples;
}

/** Resolves with the time to report, in ms. */
async function profileUntilAnswer(leftMs: number): Promise<number> {
  const ms = Math.max(leftMs - RESERVE_MS, SHORTEST_PROFILE_MS);
  await sleep(ms, undefined, { ref: false });
  return Math.round(Math.min(ms, SHOWN_MS));
}

/**
 * Resolves with the time to report, in ms. On a machine whose cores are all busy, the first samples are those of the start of
 * the profile, so the thread must have used CPU time. A thread in a synchronous call that waits uses none.
 */
async function profileLate(thread: PoolThread): Promise<number> {
  const usedBefore = threadCpuMs(thread.osThread);
  let ms = 0;
  for (let usedMs = 0; usedMs < ENOUGH_CPU_MS && ms < LONGEST_PROFILE_MS; ms += SHOWN_MS) {
    await sleep(SHOWN_MS, undefined, { ref: false });
    const used = threadCpuMs(thread.osThread);
    usedMs = used === undefined || usedBefore === undefined ? Infinity : used - usedBefore;
  }
  return ms;
}

/** A profile that native code has delayed begins when the code returns. After that, the thread may be idle. */
function stackIn(profile: CpuProfile, lastMs: number, isLate: boolean): StackFrame[] {
  const busiest = codeOfUser(busiestStack(profile, lastMs));
  return busiest.length === 0 && isLate ? codeOfUser(firstStack(profile)) : busiest;
}

/**
 * The time for the reply of the thread, the start of the profile, the profile itself and its source maps. On a machine whose
 * cores are all busy, the start takes several times its CPU time of 30 ms and more.
 */
const LEAD_MS = 500;

/** An event loop that does not turn for this time counts as blocked. */
const TURN_MS = 50;

/** The part of a profile that is reported, at its end. Samples cost hardly any time, so a profile may be longer. */
const SHOWN_MS = 50;
const SHORTEST_PROFILE_MS = 10;

/** V8 takes a sample each millisecond. Fewer than these can all be of the same rare line. */
const ENOUGH_SAMPLES = 20;

/** CPU time is known in steps of 10 ms. */
const ENOUGH_CPU_MS = 40;
const LONGEST_PROFILE_MS = 500;

/** The time to end a profile, to find the stack in it and to apply source maps. */
const RESERVE_MS = 100;

/** The start of a profile costs its thread some 40 ms of CPU time. Many profiles at once would delay all other threads. */
const MAX_PROFILES = 4;
