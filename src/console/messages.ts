/**
 * The messages between the console's page and the local server.
 *
 *     page                                             local server
 *     ── GET  /_lambda/console ──────────────────────▶ the page; its script and style sheet are below this path
 *     ── GET  /_lambda/console/events ───────────────▶ server-sent events:
 *     ◀─ snapshot ──────────────────────────────────── everything retained: first, and after a slow reader caught up
 *     ◀─ update, update … ──────────────────────────── changes since then, at most ten times per second
 *     ── GET  /_lambda/console/invocations/<id> ─────▶ event, answer, report and log lines of one invocation
 *     ── POST /_lambda/console/invocations ──────────▶ invokes n times with concurrency c
 *     ── DELETE /_lambda/console/invocations ────────▶ cancels the invocations that have not been sent
 *     ── POST /_lambda/console/profiles ─────────────▶ profiles all threads, and answers with their profiles
 *     ── GET  /_lambda/console/heap-snapshots/<n> ───▶ the heap snapshot of a thread, as a download
 *
 * All instants are fractional epoch ms on the server's clock.
 */
import type { SampledProfile } from '../profiling/call-tree.ts';

/** The names of the two server-sent events. */
export interface LiveEvents {
  readonly snapshot: Snapshot;
  readonly update: Update;
}

/** Everything that the server retains, oldest first. */
export interface Snapshot extends Update {
  readonly functionName: string;
  /** The function's concurrency. */
  readonly concurrency: number;
  /** The maximum number of concurrent invocations on one thread. */
  readonly invocationsPerThread: number;
  readonly timeoutMs: number;
  /** The maximum `count` of a {@link BurstRequest}. */
  readonly mostInvocations: number;
  /** The maximum `concurrency` of a {@link BurstRequest}. */
  readonly mostAtOnce: number;
}

/** Changes. Each invocation and each thread replaces its previous state. */
export interface Update {
  /** When this was sent. */
  readonly now: number;
  readonly invocations: readonly InvocationState[];
  /** Request ids of invocations that are no longer retained. If {@link invocations} contains one of them, it is a new one. */
  readonly forgotten: readonly string[];
  readonly threads: readonly ShownThread[];
  readonly lines: readonly LoggedText[];
  readonly samples: readonly StatsSample[];
  /** The number of invocations without a slot, including those that are not retained. */
  readonly waiting: number;
  /** The number of invocations with a slot, including background work. */
  readonly inFlight: number;
  /** The total number of calls throttled with 429. */
  readonly refused: number;
  /** When calls were throttled with 429. */
  readonly refusals: readonly number[];
  readonly burst: BurstState;
}

/** `open` until the caller gets an answer; `unavailable` if no slot accepted the event. */
export type CallerOutcome = 'open' | 'response' | 'error' | 'deadline' | 'crash' | 'shutdown' | 'unavailable';

export interface InvocationState {
  readonly requestId: string;
  /** The invocation's sequence number. */
  readonly order: number;
  readonly outcome: CallerOutcome;
  readonly errorType?: string;
  /** When the caller sent the event. */
  readonly calledAt: number;
  /** When a slot accepted the event; absent while it waits for one. */
  readonly arrivedAt?: number;
  /** When the invocation was sent to its thread; absent if it was not. */
  readonly dispatchedAt?: number;
  /** When the thread started to process the invocation. Known after the handler has ended. */
  readonly startedAt?: number;
  /** When the handler ended or the runtime gave it up. */
  readonly answeredAt?: number;
  /** When the invocation had released its thread and its answer was accepted. */
  readonly endedAt?: number;
  readonly deadlineAt?: number;
  /** 0 is the main thread. */
  readonly thread?: number;
  readonly slot?: number;
}

export interface ShownThread {
  readonly thread: number;
  readonly startedAt: number;
  readonly readyAt?: number;
  /** When the thread stopped accepting invocations. Its replacement starts then, while it still ends. */
  readonly retiredAt?: number;
  readonly endedAt?: number;
  /** Why the thread was replaced; absent if it has not ended or the runtime ended. */
  readonly cause?: ThreadEndCause;
  readonly errorType?: string;
  readonly errorMessage?: string;
}

type ThreadEndCause = 'exit' | 'uncaughtError' | 'deadline' | 'outOfMemory' | 'recycled' | 'startFailed';

export interface LoggedText {
  /** The line's sequence number. */
  readonly order: number;
  readonly at: number;
  /** The request id of the invocation that wrote the line, if known. */
  readonly requestId?: string;
  /** Whether the console added the line because a thread was replaced. */
  readonly ofRuntime?: true;
  /** The line's level in upper case, if it has one. */
  readonly level?: string;
  /** Truncated to 4 KiB. */
  readonly text: string;
}

/** The metrics of one second. */
export interface StatsSample {
  readonly at: number;
  /** Answered invocations per second. */
  readonly perSecond: number;
  /** Latency from the call to the answer, in ms; absent if none were answered. */
  readonly p50?: number;
  readonly p99?: number;
  /** The event loop utilization of the main thread, 0 to 1. */
  readonly mainThread: number;
  /** The event loop utilization of each thread, by its number. */
  readonly threads: Readonly<Record<string, number>>;
  readonly inFlight: number;
}

/** The progress of all requested invocations. Reset by the first request after all have ended. */
export interface BurstState {
  readonly wanted: number;
  readonly done: number;
  /** The failed ones among `done`. */
  readonly failed: number;
}

/** The details of an invocation. */
export interface InvocationDetail {
  readonly state: InvocationState;
  readonly event: RetainedText;
  /** Absent until there is one. For a stream, its beginning. */
  readonly answer?: RetainedText;
  /** What the caller got, and when; absent until then. */
  readonly caller?: CallerAnswer;
  /** The message of the error. */
  readonly errorMessage?: string;
  /** The bytes of a streaming response over time; absent if it did not stream. */
  readonly stream?: readonly StreamedBytes[];
  /** The report in the runtime's log line; absent until the invocation has ended. */
  readonly report?: Readonly<Record<string, unknown>>;
  readonly lines: readonly string[];
  /** The number of lines that were not retained. */
  readonly linesLeftOut: number;
}

/** How the caller's wait ended. */
export interface CallerAnswer {
  readonly at: number;
  /** Absent for a response. */
  readonly errorType?: string;
}

/** The total of the bytes that a stream has sent at an instant. */
export interface StreamedBytes {
  readonly at: number;
  readonly bytes: number;
}

/** The beginning of a text. */
export interface RetainedText {
  readonly text: string;
  /** The size of the whole text. */
  readonly bytes: number;
  readonly cut: boolean;
}

/** A request for invocations. */
export interface BurstRequest {
  /** JSON. */
  readonly event: string;
  readonly count: number;
  readonly concurrency: number;
}

/** The response to a {@link BurstRequest}. */
export interface BurstStarted {
  /** The request id of the first invocation. */
  readonly requestId: string;
}

/** A request for CPU profiles. */
export interface ProfileRequest {
  readonly seconds: number;
}

/** The response to a {@link ProfileRequest}. */
export interface ProfileResult {
  readonly profiles: readonly NamedProfile[];
  readonly missing: readonly { readonly name: string; readonly reason: string }[];
}

/** The profile of one thread. */
export interface NamedProfile {
  readonly thread: number;
  readonly name: string;
  readonly profile: SampledProfile;
}
