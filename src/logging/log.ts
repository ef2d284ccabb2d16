import type { Logger } from 'pino';
import { Promise, clearInterval, setInterval } from '../builtins.ts';
import type { Config } from '../config/config.ts';
import { openLogOutput } from '../output/log-output.ts';
import type { LogWriter } from '../output/log-output.ts';
import { isAnyReaderStalled, shareLocks } from '../output/output-lock.ts';
import { DropCount } from '../output/output.ts';
import type { LogSettings } from '../thread-settings.ts';
import { offerLoggerOutput } from './logger-output.ts';
import { openPino } from './pino-shape.ts';
import { settlesWithin } from '../waiting.ts';

/** The runtime's own log. No method throws. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The runtime's log and the log settings of handlers. */
export interface LogSink {
  readonly log: Log;
  /** The settings of the main thread. Other threads use the same settings with another `writerId`. */
  readonly handlers: LogSettings;
  /** Loads the logger in advance, so that the first line does not wait for it. */
  load(): void;
  /** Writes all lines and closes the log. Resolves after `withinMs` at the latest, because the output may be blocked. */
  close(withinMs: number): Promise<void>;
}

/** Opens the user's logger, or by default JSON lines in AWS's format to the log target of the handlers. */
export async function openLogSink(config: Config): Promise<LogSink> {
  const handlers: LogSettings = {
    format: config.logFormat,
    level: config.handlerLogLevel,
    target: config.logTarget,
    locks: shareLocks(),
    dropped: DropCount.share(),
    writerId: MAIN_THREAD_WRITER_ID,
    outputTimeoutMs: config.outputTimeoutMs,
    broadcast: config.isLocal,
    terminal: config.devHooks?.terminal,
  };
  if (config.logger !== undefined) {
    const { logger } = config;
    return createSink(
      handlers,
      () => logger,
      (withinMs) => settlesWithin(flushed(logger), withinMs),
    );
  }
  // In single mode the main thread may wait for a full pipe, as a worker thread does. With worker threads it must not wait,
  // because it serves all of them.
  const writesAtOnce = !config.inThreads;
  const output = await openLogOutput(handlers, writesAtOnce ? 'at once' : 'in the background');
  const writer = await writerFor(output.writer, handlers);
  // For modules of the main thread, for example services.
  const withdraw = offerLoggerOutput({ writer, level: handlers.level });
  let logger: Logger | undefined;
  return createSink(
    handlers,
    () => (logger ??= openPino(writer, config.logLevel)),
    async (withinMs) => {
      withdraw();
      await settlesWithin(output.flushed(), withinMs);
      output.close();
    },
    writesAtOnce,
  );
}

/** Imports the format for terminals on demand, because it is not needed on Lambda. */
async function writerFor(writer: LogWriter, { terminal }: LogSettings): Promise<LogWriter> {
  if (terminal === undefined) return writer;
  return (await import('../output/terminal-lines.ts')).terminalWriter(writer, terminal);
}

function createSink(
  handlers: LogSettings,
  load: () => Logger,
  flush: (withinMs: number) => Promise<unknown>,
  writesAtOnce = false,
): LogSink {
  const log = guarded(load);
  const dropped = new DropCount(handlers.dropped);
  const report = () => {
    const lines = dropped.take();
    if (lines === 0) return;
    log.warn({ lines }, 'Log lines were dropped because the output was blocked');
    // The report itself was dropped.
    if (writesAtOnce && isAnyReaderStalled(handlers.locks)) dropped.add(lines);
  };
  const timer = setInterval(() => {
    if (!isAnyReaderStalled(handlers.locks)) report();
  }, REPORT_INTERVAL_MS).unref();
  return {
    log,
    handlers,
    load,
    async close(withinMs) {
      clearInterval(timer);
      report();
      await flush(withinMs);
    },
  };
}

/** The main thread as the owner of an output lock. Worker threads use their ids, from 1 on, and 0 means that a lock is free. */
const MAIN_THREAD_WRITER_ID = -1;

const REPORT_INTERVAL_MS = 1_000;

/** Ignores errors of the logger, which must not end the supervisor. */
function guarded(load: () => Logger): Log {
  const write = (level: keyof Log) => (fields: object, message: string) => {
    try {
      load()[level](fields, message);
    } catch {
      // There is no other place to report the error.
    }
  };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

async function flushed(logger: Logger): Promise<void> {
  return new Promise((resolve) => logger.flush(() => resolve()));
}
