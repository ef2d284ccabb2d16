import { destination, pino } from 'pino';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Log, LogSink } from './log.ts';

/** The user's logger, or JSON lines on stdout in the shape that AWS's tools read. */
export function openLogSink(config: Config): LogSink {
  if (config.logger !== undefined) return guarded(config.logger);
  // Not written synchronously: a full pipe must not stop the thread that answers all invocations.
  const stdout = destination({ fd: 1, sync: false, maxLength: LARGEST_BACKLOG_BYTES });
  stdout.on('error', () => undefined);
  return guarded(pino({ ...AWS_SHAPE, level: config.logLevel }, stdout));
}

const LARGEST_BACKLOG_BYTES = 16 * 1024 * 1024;

/** How long a flush may take, in ms: a pipe that nobody reads must not stop a shutdown. */
const FLUSH_TIMEOUT_MS = 100;

const AWS_SHAPE = {
  base: null,
  messageKey: 'message',
  timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
  formatters: { level: (label: string) => ({ level: label.toUpperCase() }) },
};

/** A logger that throws must not bring the supervisor down. */
function guarded(logger: Logger): LogSink {
  const write = (level: keyof Log) => (fields: object, message: string) => {
    try {
      logger[level](fields, message);
    } catch {
      // There is no other place to say so.
    }
  };
  return {
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    flush: () => flush(logger),
  };
}

async function flush(logger: Logger): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, FLUSH_TIMEOUT_MS);
  try {
    logger.flush(() => resolve());
    await promise;
  } catch {
    // As above.
  } finally {
    clearTimeout(timer);
  }
}
