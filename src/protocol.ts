/**
 * The messages between the main thread and a worker thread.
 *
 *     main thread                                worker thread
 *     ── ThreadSettings (the piscina task) ────▶ loads the handler
 *     ◀─ ready | start-failed ───────────────────
 *     ── invoke ───────────────────────────────▶
 *     ◀─ response | failure ──────────────────── in any order for concurrent invocations
 *     ◀─ stream-opened, -chunk …, -ended ─────── a response stream, instead of `response`
 *     ── stream-credit | stream-closed ────────▶ more bytes may be sent | no more bytes are accepted
 *     ◀─ settled ─────────────────────────────── after a stream, or after background work of a reply
 *     ◀─ uncaught-error ──────────────────────── an uncaught error, an unhandled rejection or process.exit()
 *     ◀─ heap-threshold-exceeded ─────────────── the heap is larger than `maxThreadHeapMb`
 *     ── ping ─▶ ◀─ pong ─────────────────────── checks that the event loop is not blocked, and lists what it waits for
 *     ── collect-garbage ──────────────────────▶ if the thread is idle
 *     ── shutdown ─▶ ◀─ shutdown-complete ────── runs the shutdown hooks, at shutdown and before recycling
 *     ── end ──────────────────────────────────▶ the thread ends itself
 */
import type { EncodedDiagnostic } from './invocation/diagnostic.ts';
import type { EventBytes, InvocationMetadata, CompleteOutcome } from './invocation/invocation.ts';

export type ToThread =
  | InvokeMessage
  | StreamControl
  | PingMessage
  | { readonly type: 'collect-garbage' }
  | { readonly type: 'shutdown'; readonly timeoutMs: number }
  | { readonly type: 'end' };

export interface PingMessage {
  readonly type: 'ping';
  readonly ping: number;
  /** Whether the reply must list the resources for which the event loop waits. */
  readonly wantsResources: boolean;
}

export type FromThread =
  | ({ readonly type: 'ready'; readonly osThread: number | undefined } & LoadedHandler)
  | { readonly type: 'start-failed'; readonly diagnostic: EncodedDiagnostic }
  | ServingMessage
  | { readonly type: 'pong'; readonly ping: number; readonly resources: readonly string[] | undefined }
  | { readonly type: 'shutdown-complete' };

/** Messages from a thread about its invocations and its own condition. */
export type ServingMessage = HandlerMessage | HeapThresholdMessage;

/** Messages from a thread about what the handler's code has done. */
export type HandlerMessage = ReplyMessage | StreamMessage | SettledMessage | UncaughtErrorMessage;

interface HeapThresholdMessage {
  readonly type: 'heap-threshold-exceeded';
}

/** Properties of a handler that are known once it is loaded. */
export interface LoadedHandler {
  readonly streams: boolean;
}

/** The outcome of an invocation. With `hasBackgroundWork`, the message `settled` follows. */
export type ReplyMessage = CompleteOutcome &
  HandlerReport & { readonly invocationId: number; readonly hasBackgroundWork?: true };

/** The invocation no longer occupies its thread. After a stream, the message also carries the handler's report. */
export interface SettledMessage {
  readonly type: 'settled';
  readonly invocationId: number;
  /** Whether a promise given to `waitUntil` was rejected. */
  readonly backgroundFailed: boolean;
  readonly stream?: { readonly report: HandlerReport; readonly background: boolean };
}

/** Measurements of an invocation that only the thread can take. */
export interface HandlerReport {
  /** When the thread started the invocation, as `monotonicMs()`. */
  readonly startedMs: number;
  /** How long the handler ran in ms, including JSON and the response stream. */
  readonly handlerMs: number;
  /**
   * The CPU time of the thread meanwhile, in ms, if the thread runs one invocation at a time. A success that ran for less than
   * {@link LONG_MS} has it only if {@link InvokeMessage.wantsUsage} is true.
   */
  readonly cpuMs?: number;
  /** Present if the handler failed before its response began, or if {@link InvokeMessage.wantsUsage} is true. */
  readonly heapUsedBytes?: number;
}

/** A handler that ran for this time, in ms, reports its CPU time: the measurement is then negligible. */
export const LONG_MS = 10;

/** A response stream. The message `settled` follows when the handler, its stream and its background work have completed. */
export type StreamMessage =
  | { readonly type: 'stream-opened'; readonly invocationId: number; readonly contentType: string }
  | { readonly type: 'stream-chunk'; readonly invocationId: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | {
      readonly type: 'stream-ended';
      readonly invocationId: number;
      readonly failure: EncodedDiagnostic | undefined;
    };

/** Flow control from the reader of a response stream. */
export type StreamControl =
  | {
      readonly type: 'stream-credit';
      readonly invocationId: number;
      readonly bytes: number;
      /** The buffers of the forwarded bytes, for reuse. */
      readonly buffers: readonly ArrayBuffer[];
    }
  /** No more bytes are accepted. */
  | { readonly type: 'stream-closed'; readonly invocationId: number; readonly reason: string };

/** The maximum number of bytes of one stream in transit from its thread to the Runtime API. */
export const STREAM_WINDOW_BYTES = 1024 * 1024;

/** The BroadcastChannel on which threads of the command `dev` report the files that they load, one path per message. */
export const LOADED_FILES_CHANNEL = 'lambda-managed-runtime.loaded-files';

/** The BroadcastChannel for the log lines of handlers, used if {@link LogSettings.broadcast} is true. */
export const LOGGED_LINES_CHANNEL = 'lambda-managed-runtime.logged-lines';

/** A message on {@link LOGGED_LINES_CHANNEL}. */
export interface LoggedLine {
  /** Without the line break at its end. */
  readonly line: string;
  /** The request id of the invocation whose code wrote the line, if known. */
  readonly requestId: string | undefined;
}

export interface InvokeMessage {
  readonly type: 'invoke';
  /** Identifies the invocation on its thread, so that a late message is not attributed to the next invocation. */
  readonly invocationId: number;
  readonly metadata: InvocationMetadata;
  readonly event: EventBytes;
  /** Whether the report of a success must include heap size and CPU time, which take some time to measure. */
  readonly wantsUsage: boolean;
}

/** An uncaught error, an unhandled rejection or a call of `process.exit` in the thread. */
export interface UncaughtErrorMessage {
  readonly type: 'uncaught-error';
  readonly origin: 'uncaughtException' | 'unhandledRejection' | 'exit';
  /** The invocation whose code caused it, if known. It may have been answered before. */
  readonly invocationId: number | undefined;
  /** The request id of that invocation. */
  readonly requestId: string | undefined;
  readonly tenantId: string | undefined;
  readonly diagnostic: EncodedDiagnostic;
  /** Whether user code listens to `uncaughtException`; then errors outside any invocation are left to that listener. */
  readonly listened: boolean;
}
