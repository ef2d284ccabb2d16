/**
 * What the console's page is told, and what it sends.
 *
 *     page                                             local server
 *     ── GET  /_lambda/console ──────────────────────▶ the page, and its script and style below it
 *     ── GET  /_lambda/console/events ───────────────▶ server-sent events:
 *     ◀─ snapshot ──────────────────────────────────── all that is kept: first, and when the reader was too slow
 *     ◀─ update, update … ──────────────────────────── what has changed since, ten times a second at most
 *     ── GET  /_lambda/console/invocations/<id> ─────▶ event, answer, report and log lines of one invocation
 *     ── POST /_lambda/console/invocations ──────────▶ invokes n times, c at once
 *     ── DELETE /_lambda/console/invocations ────────▶ what has not been sent of that is not sent
 *
 * All instants are epoch ms, in fractions, on one clock: the server's.
 */

/** The names of the two server-sent events. */
export interface LiveEvents {
  readonly snapshot: Snapshot;
  readonly update: Update;
}

/** All that is kept, the oldest first. */
export interface Snapshot extends Update {
  readonly functionName: string;
  /** Most invocations at once. */
  readonly concurrency: number;
  readonly timeoutMs: number;
  /** The most that a {@link BurstRequest} may have as its count. */
  readonly mostInvocations: number;
  /** The most that it may have as its concurrency. */
  readonly mostAtOnce: number;
}

/** What has changed. An invocation or a thread replaces what was told of it before. */
export interface Update {
  /** When this was sent. */
  readonly now: number;
  readonly invocations: readonly InvocationState[];
  /** Request ids of those that are no longer kept. One of them may be among {@link invocations} again: it is a new one. */
  readonly forgotten: readonly string[];
  readonly threads: readonly ThreadState[];
  readonly lines: readonly LoggedText[];
  readonly samples: readonly StatsSample[];
  /** How many invocations have no slot yet, those that are not kept included. */
  readonly waiting: number;
  /** How many have a slot, background work included. */
  readonly inFlight: number;
  /** How many calls were refused with 429, all together. */
  readonly refused: number;
  readonly burst: BurstState;
}

/** `open` until the caller is answered; `unavailable` when no slot could take it any more. */
export type CallerOutcome = 'open' | 'response' | 'error' | 'deadline' | 'crash' | 'shutdown' | 'unavailable';

export interface InvocationState {
  readonly requestId: string;
  /** Counts invocations: the order in which they came. */
  readonly order: number;
  readonly outcome: CallerOutcome;
  readonly errorType?: string;
  /** When the caller brought its event. */
  readonly calledAt: number;
  /** When a slot took it; absent while it waits for one. */
  readonly arrivedAt?: number;
  /** When it was given to its thread; absent where it never was. */
  readonly dispatchedAt?: number;
  /** When the thread took it up; known when the handler has ended. */
  readonly startedAt?: number;
  /** When the handler ended, or was given up. */
  readonly answeredAt?: number;
  /** When it no longer occupied its thread, and its answer was taken. */
  readonly endedAt?: number;
  readonly deadlineAt?: number;
  /** 0 is the main thread. */
  readonly thread?: number;
  readonly slot?: number;
}

export interface ThreadState {
  readonly thread: number;
  readonly startedAt: number;
  readonly readyAt?: number;
  /** When it took no invocation any more; another thread takes its place then, while it still ends. */
  readonly retiredAt?: number;
  readonly endedAt?: number;
  /** Why it was replaced; absent when the runtime ended, or it has not ended. */
  readonly cause?: ThreadEndCause;
  readonly errorType?: string;
  readonly errorMessage?: string;
}

type ThreadEndCause = 'exit' | 'uncaughtError' | 'deadline' | 'outOfMemory' | 'recycled' | 'bootFailed';

export interface LoggedText {
  /** Counts lines. */
  readonly order: number;
  readonly at: number;
  /** Of the invocation whose code has written it, where that is known. */
  readonly requestId?: string;
  /** It was made for the console: a thread has ended. */
  readonly ofRuntime?: true;
  /** That the line names, in capitals. */
  readonly level?: string;
  /** Cut after some KiB. */
  readonly text: string;
}

/** What one second was like. */
export interface StatsSample {
  readonly at: number;
  /** Invocations that were answered in it, a second. */
  readonly perSecond: number;
  /** How long these took from the caller's call to the answer, in ms; absent when there were none. */
  readonly p50?: number;
  readonly p99?: number;
  /** The part of the time in which the main thread was not idle, 0 to 1. */
  readonly mainThread: number;
  /** The same of each thread, by its number. */
  readonly threads: Readonly<Record<string, number>>;
  readonly inFlight: number;
}

/** What the page has asked for, all together; zeros again when something new is asked for after all is done. */
export interface BurstState {
  readonly wanted: number;
  readonly done: number;
  /** Of those that are done. */
  readonly failed: number;
}

/** An invocation with all that is kept of it. */
export interface InvocationDetail {
  readonly state: InvocationState;
  readonly event: RetainedText;
  /** Absent until there is one. Of a stream the beginning. */
  readonly answer?: RetainedText;
  /** As the runtime's line has it; absent until it has ended. */
  readonly report?: Readonly<Record<string, unknown>>;
  readonly lines: readonly string[];
  /** How many lines were not kept. */
  readonly linesLeftOut: number;
}

/** The beginning of something long. */
export interface RetainedText {
  readonly text: string;
  /** Of the whole. */
  readonly bytes: number;
  readonly cut: boolean;
}

/** What is to be invoked. */
export interface BurstRequest {
  /** JSON. */
  readonly event: string;
  readonly count: number;
  readonly concurrency: number;
}

/** The answer to it. */
export interface BurstStarted {
  /** Of the first invocation. */
  readonly requestId: string;
}
