import type { Logger } from 'pino';
import { Promise, clearInterval, setInterval } from '../builtins.ts';
import { isLocal } from '../config/config.ts';
import type { Config } from '../config/config.ts';
import { openLogOutput } from '../output/log-output.ts';
import { isAnyStuck, shareLocks } from '../output/output-lock.ts';
import { DropCount } from '../output/output.ts';
import type { LogSettings } from '../thread-settings.ts';
import { openPino } from './pino-shape.ts';
import { settlesWithin } from '../waiting.ts';

/** The runtime's own log. Fields first, then one sentence. No method throws. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A log, and what handlers need to log beside it. */
export interface LogSink {
  readonly log: Log;
  /** For the main thread; each other thread has a number of its own. */
  readonly handlers: LogSettings;
  /** Loads what writes the lines, so that the first of them need not wait for it. */
  load(): void;
  /** Resolves when what was logged has been written, or after that many ms: nobody may be reading. */
  close(withinMs: number): Promise<void>;
}

/** The user's logger, or JSON lines in the shape that AWS's tools read, where the handlers' lines go as well. */
export async function openLogSink(config: Config): Promise<LogSink> {
  const handlers: LogSettings = {
    format: config.logFormat,
    level: config.handlerLogLevel,
    target: config.logTarget,
    locks: shareLocks(),
    dropped: DropCount.share(),
    writer: MAIN_THREAD,
    outputTimeoutMs: config.outputTimeoutMs,
    broadcast: isLocal(config),
  };
  if (config.logger !== undefined) {
    const { logger } = config;
    return opened(
      handlers,
      () => logger,
      (withinMs) => settlesWithin(flushed(logger), withinMs),
    );
  }
  // In single mode the handler's thread waits for a full pipe, as any; with threads, this one answers for all of them.
  const writesAtOnce = !config.inThreads;
  const output = await openLogOutput(handlers, writesAtOnce ? 'at once' : 'in the background');
  let logger: Logger | undefined;
  return opened(
    handlers,
    () => (logger ??= openPino(output.writer, config.logLevel)),
    async (withinMs) => {
      await settlesWithin(output.flushed(), withinMs);
      output.close();
    },
    writesAtOnce,
  );
}

function opened(
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
    log.warn({ lines }, 'Log lines were dropped, since nobody read the output');
    // The report itself had no room.
    if (writesAtOnce && isAnyStuck(handlers.locks)) dropped.add(lines);
  };
  const timer = setInterval(() => {
    if (!isAnyStuck(handlers.locks)) report();
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

/** Threads are numbered from 1. */
const MAIN_THREAD = -1;

const REPORT_INTERVAL_MS = 1_000;

/** A logger that throws must not bring the supervisor down. */
function guarded(load: () => Logger): Log {
  const write = (level: keyof Log) => (fields: object, message: string) => {
    try {
      load()[level](fields, message);
    } catch {
      // There is no other place to say so.
    }
  };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

async function flushed(logger: Logger): Promise<void> {
  return new Promise((resolve) => logger.flush(() => resolve()));
}
