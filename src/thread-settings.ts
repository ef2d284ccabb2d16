/** What a thread is given when it starts. */
export interface ThreadSettings extends InvokerSettings {
  readonly port: MessagePort;
  /** The thread records in it how late its event loop turns, in ns. The main thread reads the same memory. */
  readonly eventLoopDelay: RecordableHistogram;
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
  /** Whether a local server wants to hear of each line. */
  readonly broadcast: boolean;
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
type RecordableHistogram = import('node:perf_hooks').RecordableHistogram;
