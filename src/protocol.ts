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
 *     ◀─ background-failed ───────────────────── a promise of it was rejected
 *     ◀─ escaped ─────────────────────────────── an error that no invocation caught
 *     ◀─ heavy ───────────────────────────────── its heap is over the limit
 *     ── ping ─▶ ◀─ pong ─────────────────────── is the event loop alive?
 *     ── shutdown ─▶ ◀─ bye ──────────────────── hooks have run
 */
import type { EncodedDiagnostic } from './invocation/diagnostic.ts';
import type { EventBytes, InvocationMetadata } from './invocation/invocation.ts';
import type { SettledOutcome } from './invocation/outcome.ts';

export type ToThread =
  | InvokeMessage
  | StreamControl
  | { readonly type: 'ping'; readonly ping: number }
  | { readonly type: 'shutdown'; readonly timeoutMs: number };

export type FromThread =
  | ({ readonly type: 'ready' } & LoadedHandler)
  | { readonly type: 'boot-failed'; readonly diagnostic: EncodedDiagnostic }
  | ReplyMessage
  | FromInvoker
  | { readonly type: 'settled'; readonly run: number }
  | EscapedMessage
  | { readonly type: 'pong'; readonly ping: number }
  | { readonly type: 'heavy' }
  | { readonly type: 'bye' };

/** What is known of a handler before it is called. */
export interface LoadedHandler {
  readonly streams: boolean;
}

/** A run's outcome. With `settled: false` its background work goes on, and the message `settled` follows. */
export type ReplyMessage = SettledOutcome & { readonly run: number; readonly settled?: false };

/** A response in parts. The message `settled` follows when the handler, its stream and its background work are done. */
export type StreamMessage =
  | { readonly type: 'stream-opened'; readonly run: number; readonly contentType: string }
  | { readonly type: 'stream-chunk'; readonly run: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: 'stream-ended'; readonly run: number; readonly failure: EncodedDiagnostic | undefined };

/** What a stream hears of its reader. */
export type StreamControl =
  | {
      readonly type: 'stream-credit';
      readonly run: number;
      readonly bytes: number;
      /** In which they came. */
      readonly buffers: readonly ArrayBuffer[];
    }
  /** Nobody takes what is still to come; with the reason. */
  | { readonly type: 'stream-closed'; readonly run: number; readonly reason: string };

/** The most bytes of one stream that are on their way from its thread to the Runtime API. */
export const STREAM_WINDOW_BYTES = 1024 * 1024;

/** What a handler's invocations cause besides their outcomes. */
export type FromInvoker = StreamMessage | BackgroundFailedMessage;

/** A promise that was given to `context.waitUntil` was rejected. */
export interface BackgroundFailedMessage {
  readonly type: 'background-failed';
  readonly requestId: string;
  readonly diagnostic: EncodedDiagnostic;
}

export interface InvokeMessage {
  readonly type: 'invoke';
  /** Names the run on its thread; a late answer must not be taken for the next invocation's. */
  readonly run: number;
  readonly metadata: InvocationMetadata;
  readonly event: EventBytes;
}

/** An error left the handler's call by another way than its promise, or the code asked for `process.exit`. */
export interface EscapedMessage {
  readonly type: 'escaped';
  readonly how: 'uncaughtException' | 'unhandledRejection' | 'exit';
  /** The run whose code did it, where that is known; it may have been answered long ago. */
  readonly run: number | undefined;
  /** The request id of that run. */
  readonly requestId: string | undefined;
  readonly diagnostic: EncodedDiagnostic;
}

/** What a thread is given when it starts. */
export interface ThreadSettings extends InvokerSettings {
  readonly port: MessagePort;
  readonly shared: SharedState;
}

/** What the main thread shares with the handlers of all threads. */
export interface SharedState {
  /** Leads to the services, if there are any. */
  readonly services: MessagePort | undefined;
  /** The shared data, if there are any. */
  readonly data: unknown;
}

/** What it takes to run a handler, in a thread or in the main thread. */
export interface InvokerSettings {
  readonly handler: HandlerSource;
  /** A `file:` URL, or undefined for JSON. */
  readonly codec: string | undefined;
  readonly lambda: LambdaFunction;
  readonly deadlineMarginMs: number;
  /** Whether at most one invocation at a time runs on the thread. */
  readonly ownsThread: boolean;
  readonly maxThreadHeapMb: number | undefined;
  readonly log: LogSettings;
}

/** How and where the code of handlers logs. */
export interface LogSettings {
  readonly format: LogFormat;
  /** The least level that is written. */
  readonly level: LogLevel;
  readonly target: LogTarget;
  readonly locks: OutputLocks;
  /** Counts the lines that all threads drop. */
  readonly dropped: SharedArrayBuffer;
  /** Names who writes, where a lock says who holds it. */
  readonly writer: number;
  /** How long a line waits for an output from which nobody reads, in ms. */
  readonly outputTimeoutMs: number;
}

/** As `AWS_LAMBDA_LOG_LEVEL` has them, the least first. */
export const LOG_LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const LOG_FORMATS = ['JSON', 'TEXT'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export type LogTarget =
  | { readonly kind: 'stdout' }
  /** Each thread has a connection of its own. */
  | { readonly kind: 'socket'; readonly path: string }
  /** A descriptor that takes frames. */
  | { readonly kind: 'frames'; readonly fd: number };

/** For each output the memory that its writers share. Outputs that are one and the same share one. */
export interface OutputLocks {
  readonly stdout: SharedArrayBuffer;
  readonly stderr: SharedArrayBuffer;
  readonly frames: SharedArrayBuffer;
}

/** Where the handler is: in a file and under a name, or behind a handler string as AWS writes them. */
export type HandlerSource =
  | {
      readonly kind: 'file';
      readonly file: string;
      readonly given: string;
      readonly exportName: string | undefined;
    }
  | { readonly kind: 'handler-string'; readonly handlerString: string; readonly taskRoot: string };

/** What the environment says about the function; the same for all invocations. */
export interface LambdaFunction {
  readonly functionName: string;
  readonly functionVersion: string;
  readonly memoryLimitInMB: string;
  readonly logGroupName: string;
  readonly logStreamName: string;
}

type MessagePort = import('node:worker_threads').MessagePort;
