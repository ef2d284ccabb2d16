/**
 * What crosses the boundary between the main thread and a worker thread.
 *
 *     main thread                                worker thread
 *     ── ThreadSettings (the piscina run) ─────▶ loads the handler
 *     ◀─ ready | boot-failed ───────────────────
 *     ── invoke ───────────────────────────────▶
 *     ◀─ response | failure ──────────────────── any order when several run at once
 *     ◀─ stream-opened, -chunk …, -ended ─────── in place of these: a response that comes in parts
 *     ── stream-credit | stream-closed ────────▶ so many bytes have been passed on | nobody takes any more
 *     ◀─ settled ─────────────────────────────── after a stream, or a reply that said that background work goes on
 *     ◀─ escaped ─────────────────────────────── an error that no invocation caught
 *     ◀─ heap-threshold-exceeded ─────────────── its heap is over `maxThreadHeapMb`
 *     ── ping ─▶ ◀─ pong ─────────────────────── is the event loop alive?
 *     ── shutdown ─▶ ◀─ shutdown-complete ────── its hooks run: when the runtime stops, and before it is recycled
 *     ── end ──────────────────────────────────▶ it ends itself
 */
import type { EncodedDiagnostic } from './invocation/diagnostic.ts';
import type { EventBytes, InvocationMetadata, SettledOutcome } from './invocation/invocation.ts';

export type ToThread =
  | InvokeMessage
  | StreamControl
  | { readonly type: 'ping'; readonly ping: number }
  | { readonly type: 'shutdown'; readonly timeoutMs: number }
  | { readonly type: 'end' };

export type FromThread =
  | ({ readonly type: 'ready'; readonly osThread: number | undefined } & LoadedHandler)
  | { readonly type: 'boot-failed'; readonly diagnostic: EncodedDiagnostic }
  | ReplyMessage
  | StreamMessage
  | SettledMessage
  | UncaughtErrorMessage
  | { readonly type: 'pong'; readonly ping: number }
  | { readonly type: 'shutdown-complete' }
  | HeapThresholdMessage;

export interface HeapThresholdMessage {
  readonly type: 'heap-threshold-exceeded';
}

/** What is known of a handler before it is called. */
export interface LoadedHandler {
  readonly streams: boolean;
}

/** The outcome of an invocation. With `settled: false` its background work goes on, and the message `settled` follows. */
export type ReplyMessage = SettledOutcome &
  HandlerReport & { readonly invocationId: number; readonly settled?: false };

/** An invocation no longer occupies its thread. Behind a stream, which has no other message of its handler, with its report. */
export interface SettledMessage {
  readonly type: 'settled';
  readonly invocationId: number;
  readonly stream?: { readonly report: HandlerReport; readonly background: boolean };
}

/** What only the thread knows of an invocation. */
export interface HandlerReport {
  /** When the thread took it up, on the clock that all threads share. */
  readonly startedMs: number;
  /** How long the handler ran, JSON and stream included. */
  readonly handlerMs: number;
  /** Where it was asked for. */
  readonly heapUsedBytes?: number;
}

/** A response in parts. The message `settled` follows when the handler, its stream and its background work are done. */
export type StreamMessage =
  | { readonly type: 'stream-opened'; readonly invocationId: number; readonly contentType: string }
  | { readonly type: 'stream-chunk'; readonly invocationId: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | {
      readonly type: 'stream-ended';
      readonly invocationId: number;
      readonly failure: EncodedDiagnostic | undefined;
    };

/** What a stream hears of its reader. */
export type StreamControl =
  | {
      readonly type: 'stream-credit';
      readonly invocationId: number;
      readonly bytes: number;
      /** In which they came. */
      readonly buffers: readonly ArrayBuffer[];
    }
  /** Nobody takes what is still to come; with the reason. */
  | { readonly type: 'stream-closed'; readonly invocationId: number; readonly reason: string };

/** The most bytes of one stream that are on their way from its thread to the Runtime API. */
export const STREAM_WINDOW_BYTES = 1024 * 1024;

/** The BroadcastChannel on which threads of the command `dev` name the files that they load, one path a message. */
export const LOADED_FILES_CHANNEL = 'lambda-managed-runtime.loaded-files';

/** The BroadcastChannel on which each line is told that handlers write, where {@link LogSettings.broadcast} asks for it. */
export const LOGGED_LINES_CHANNEL = 'lambda-managed-runtime.logged-lines';

/** A message on it. */
export interface LoggedLine {
  /** Without the line break at its end. */
  readonly line: string;
  /** Of the invocation whose code has written it; undefined where that is not known. */
  readonly requestId: string | undefined;
}

export interface InvokeMessage {
  readonly type: 'invoke';
  /** Names the invocation on its thread; a late answer must not be taken for the next invocation's. */
  readonly invocationId: number;
  readonly metadata: InvocationMetadata;
  readonly event: EventBytes;
  /** Whether the report should tell the size of the heap, which costs some time to find out. */
  readonly wantsHeap: boolean;
}

/** An error left the handler's call by another way than its promise, or the code asked for `process.exit`. */
export interface UncaughtErrorMessage {
  readonly type: 'uncaught-error';
  readonly how: 'uncaughtException' | 'unhandledRejection' | 'exit';
  /** The invocation whose code did it, where that is known; it may have been answered long ago. */
  readonly invocationId: number | undefined;
  /** The request id of that invocation. */
  readonly requestId: string | undefined;
  readonly tenantId: string | undefined;
  readonly diagnostic: EncodedDiagnostic;
  /** Whether the handler's code listens to `uncaughtException`: then it decides what is nobody's. */
  readonly listened: boolean;
}
