import type { Logger } from 'pino';
import { followLoggerLevel, loggerOutput } from '../../src/logging/logger-output.ts';
import { openPino } from '../../src/logging/pino-shape.ts';
import type { LogWriter } from '../../src/output/log-output.ts';
import { LOG_LEVELS } from '../../src/thread-settings.ts';
import type { LogLevel } from '../../src/thread-settings.ts';
import { currentInvocation } from '../invoke-store.ts';

/**
 * A pino logger that adds `requestId`, `tenantId` and `traceId` of the current invocation to each line, in the JSON format of
 * the console's lines. Its level is `AWS_LAMBDA_LOG_LEVEL`; by default it writes all levels. Without a runtime, for example in a
 * test, it writes to stdout, by default with the level `info`. pino is loaded on the first use.
 *
 * @see https://github.com/pinojs/pino/blob/main/docs/api.md
 *
 * @example
 * ```ts
 * import { logger } from 'lambda-managed-runtime/worker';
 *
 * logger.info({ order: 'A-1001' }, 'Receipt sent');
 * ```
 */
export const logger: Logger = lazily(open);

/**
 * Returns an object that inherits from the value of `open` from its first use on. pino's child loggers also inherit from their
 * parents.
 */
function lazily<Value extends object>(open: () => Value): Value {
  const load = () => {
    const value = open();
    Object.setPrototypeOf(lazyObject, value);
    return value;
  };
  const placeholder = new Proxy(
    {},
    {
      get: (_, key, receiver) => Reflect.get(load(), key, receiver) as unknown,
      set: (_, key, value, receiver) => Reflect.set(load(), key, value, receiver),
      has: (_, key) => Reflect.has(load(), key),
    },
  );
  const lazyObject = Object.create(placeholder) as Value;
  return lazyObject;
}

/** The first use may be before the runtime opens the thread's output, and the logger outlives a runtime. */
function open(): Logger {
  const opened = openPino(OUTPUT, loggerOutput()?.level ?? environmentLevel() ?? 'INFO', invocationFields);
  let given = opened.level;
  followLoggerLevel((level) => {
    // Not if the user has set the level.
    if (opened.level === given) opened.level = given = level.toLowerCase();
  });
  return opened;
}

function environmentLevel(): LogLevel | undefined {
  const level = process.env['AWS_LAMBDA_LOG_LEVEL']?.toUpperCase();
  return LOG_LEVELS.find((known) => known === level);
}

function invocationFields(): object {
  const metadata = currentInvocation()?.message.metadata;
  if (metadata === undefined) return {};
  const { requestId, tenantId, traceId } = metadata;
  return { requestId, tenantId, traceId };
}

const OUTPUT: LogWriter = { write: (...line) => (loggerOutput()?.writer ?? STDOUT).write(...line) };

/** The output without a runtime, for example in a test of a handler. */
const STDOUT: LogWriter = { write: (text) => process.stdout.write(`${text}\n`) };
