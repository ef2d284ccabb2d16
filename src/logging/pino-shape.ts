import { createRequire } from 'node:module';
import type { Logger } from 'pino';
import { Date, dateNow } from '../builtins.ts';
import { diagnose } from '../invocation/diagnostic.ts';
import type { LogWriter } from '../output/log-writer.ts';
import type { LogLevel } from '../thread-settings.ts';

/**
 * A pino logger whose lines have the fields that AWS's tools read, errors included. Always JSON. Loads pino, which takes
 * tens of ms: so it is called when the first line is written, or while threads boot.
 *
 * @param mixin gives fields for each line.
 */
export function openPino(writer: LogWriter, level: LogLevel, mixin?: () => object): Logger {
  // What traces the files of a deployment knows this form.
  const require = createRequire(import.meta.url);
  const { pino } = require('pino') as typeof import('pino');
  const destination = {
    // Asks pino for the level of each line.
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 0,
    write(line: string) {
      writer.write(line.slice(0, -1), LABELS[this.lastLevel] ?? 'INFO', 'JSON', dateNow());
    },
  };
  return pino({ ...AWS_SHAPE, level: level.toLowerCase(), ...(mixin && { mixin }) }, destination);
}

const AWS_SHAPE = {
  base: null,
  messageKey: 'message',
  timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
  formatters: {
    level: (label: string) => ({ level: label.toUpperCase() }),
    log: withErrorFields,
  },
};

/** pino has an error under `err`; AWS's tools look for its parts. */
function withErrorFields(fields: Record<string, unknown>): Record<string, unknown> {
  if (!(fields['err'] instanceof Error)) return fields;
  const { err, ...rest } = fields;
  return { ...rest, ...diagnose(err as Error) };
}

const LABELS: Readonly<Record<number, LogLevel>> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
};
