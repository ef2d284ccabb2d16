/** The settings that a thread receives at its start. */
export interface ThreadSettings extends InvokerSettings {
  readonly port: MessagePort;
  /** The thread records the delay of its event loop here, in ns. The main thread reads the same memory. */
  readonly eventLoopDelay: RecordableHistogram;
  /** The time between two samples of this delay. */
  readonly delayIntervalMs: number;
  readonly shared: SharedState;
}

/** Services and data that the main thread shares with the handlers of all threads. */
export interface SharedState {
  /** The port to the services, if there are any. */
  readonly services: MessagePort | undefined;
  /** The shared data, or undefined. */
  readonly data: unknown;
}

/** The settings to run a handler in a worker thread or on the main thread. */
export interface InvokerSettings {
  readonly handler: HandlerSource;
  /** A `file:` URL, or undefined for JSON. */
  readonly codec: string | undefined;
  readonly lambda: LambdaFunction;
  /** Undefined for the default. */
  readonly deadlineMarginMs: number | undefined;
  /** Whether the thread runs at most one invocation at a time. */
  readonly ownsThread: boolean;
  /** Whether to measure the CPU time of invocations that do not ask for it, because a failure has a log line. */
  readonly measuresCpu: boolean;
  readonly maxThreadHeapMb: number | undefined;
  readonly log: LogSettings;
}

/** The log settings of handlers. */
export interface LogSettings {
  readonly format: LogFormat;
  /** The minimum level of lines that are written. */
  readonly level: LogLevel;
  readonly target: LogTarget;
  readonly locks: OutputLocks;
  /** Counts the lines that all threads have dropped. */
  readonly dropped: SharedArrayBuffer;
  /** Identifies the thread as the owner of an output lock. */
  readonly writerId: number;
  /** How long a line waits when the output is blocked, in ms. */
  readonly outputTimeoutMs: number;
  /** Whether to publish each line for the local console. */
  readonly broadcast: boolean;
  /** Formats lines for people; undefined for Lambda's formats. */
  readonly terminal: TerminalStyle | undefined;
}

/** How lines look on a terminal. */
export interface TerminalStyle {
  readonly colours: boolean;
}

/** The levels of `AWS_LAMBDA_LOG_LEVEL`, lowest first. */
export const LOG_LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Whether lines of a level are written if the log has a minimum level. */
export function isWritten(level: LogLevel, minimum: LogLevel): boolean {
  return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(minimum);
}

export const LOG_FORMATS = ['JSON', 'TEXT'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export type LogTarget =
  | { readonly kind: 'stdout' }
  /** Each thread opens its own connection. */
  | { readonly kind: 'socket'; readonly path: string }
  /** A descriptor that takes frames. */
  | { readonly kind: 'frames'; readonly fd: number };

/** The shared memory of the locks, one for each output. If stdout and stderr are the same file, they share a lock. */
export interface OutputLocks {
  readonly stdout: SharedArrayBuffer;
  readonly stderr: SharedArrayBuffer;
  readonly frames: SharedArrayBuffer;
}

/** The location of the handler: a file and an export, or a handler string in AWS's format. */
export type HandlerSource =
  | {
      readonly kind: 'file';
      readonly file: string;
      readonly given: string;
      readonly exportName: string | undefined;
    }
  | { readonly kind: 'handler-string'; readonly handlerString: string; readonly taskRoot: string };

/** Properties of the function from the environment; the same for all invocations. */
export interface LambdaFunction {
  readonly functionName: string;
  readonly functionVersion: string;
  readonly memoryLimitInMB: string;
  readonly logGroupName: string;
  readonly logStreamName: string;
}

type MessagePort = import('node:worker_threads').MessagePort;
type RecordableHistogram = import('node:perf_hooks').RecordableHistogram;
