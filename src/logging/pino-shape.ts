import { createRequire } from 'node:module';
import { inspect } from 'node:util';
import type { LogFn, Logger, LoggerOptions } from 'pino';
import { Date, dateNow } from '../builtins.ts';
import { FULL_LIMITS, truncate, isError, readSafely, safely } from '../invocation/error-description.ts';
import { LoggedErrorDescriber, standardFields } from '../invocation/logged-error.ts';
import type { LogWriter } from '../output/log-output.ts';
import type { LogLevel } from '../thread-settings.ts';

/**
 * Opens a pino logger that writes JSON lines with the fields that AWS's tools read, also for errors. Loads pino, which takes
 * tens of ms, so call it for the first line or while threads start.
 *
 * @param mixin returns additional fields for each line.
 */
export function openPino(writer: LogWriter, level: LogLevel, mixin?: () => object): Logger {
  // Tools that trace the files of a deployment recognize this form.
  const require = createRequire(import.meta.url);
  const { pino } = require('pino') as typeof import('pino');
  const destination = {
    // Makes pino set `lastLevel` before each line.
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 0,
    write(line: string) {
      writer.write(line.slice(0, -1), LABELS[this.lastLevel] ?? 'INFO', 'JSON', dateNow());
    },
  };
  return pino({ ...AWS_SHAPE, level: level.toLowerCase(), ...(mixin && { mixin }) }, destination);
}

const AWS_SHAPE: LoggerOptions = {
  base: null,
  hooks: { logMethod: logSafely },
  messageKey: 'message',
  timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
  formatters: {
    level: (label: string) => ({ level: label.toUpperCase() }),
    log: withErrorFields,
  },
};

/** Falls back to a simpler line if a getter or a proxy trap of a logged value throws. */
function logSafely(this: Logger, args: Parameters<LogFn>, method: LogFn): void {
  try {
    if (args.length === 1) method.apply(this, withMessage(args[0]) as Parameters<LogFn>);
    else method.apply(this, args);
  } catch {
    const text = safely(() => inspect(args.length === 1 ? args[0] : args)) ?? '[unprintable]';
    method.call(this, isError(args[0]) ? { err: args[0] as unknown } : {}, text);
  }
}

/** Limits the message that pino takes over from an error if the line has no message of its own. */
function withMessage(only: unknown): unknown[] {
  const fields = isError(only) ? { err: only } : only;
  if (typeof fields !== 'object' || fields === null || readSafely(fields, 'message') !== undefined)
    return [only];
  const error = readSafely(fields, 'err');
  const message = isError(error) ? readSafely(error, 'message') : undefined;
  return typeof message === 'string' ? [fields, truncate(message, FULL_LIMITS.characters)] : [fields];
}

/** Replaces pino's field `err` with the fields that AWS's tools read. */
function withErrorFields(fields: Record<string, unknown>): Record<string, unknown> {
  if (!isError(fields['err'])) return fields;
  const { err, ...rest } = fields;
  return { ...rest, ...standardFields(new LoggedErrorDescriber().describe(err)) };
}

const LABELS: Readonly<Record<number, LogLevel>> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
};
