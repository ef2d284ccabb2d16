import { Date } from '../../src/builtins.ts';
import type { InvocationMetadata } from '../../src/invocation/invocation.ts';
import type { LogWriter } from '../../src/output/log-output.ts';
import { isWritten } from '../../src/thread-settings.ts';
import type { LogLevel, LogSettings } from '../../src/thread-settings.ts';
import { isProcessExitError } from '../handler-error.ts';
import { jsonErrorLine, textErrorLine } from './log-lines.ts';

/** Logs errors of handlers with the level ERROR. Never throws. */
export interface HandlerErrorLog {
  /** Logs the error of a failed handler. */
  invocationFailed(thrown: unknown, of: InvocationIds): void;
  /** Logs the rejection of a promise given to `waitUntil`. */
  backgroundFailed(thrown: unknown, of: InvocationIds): void;
}

type InvocationIds = Pick<InvocationMetadata, 'requestId' | 'tenantId'>;

/** Writes directly to the log instead of the console, which user code may have replaced. */
export function openHandlerErrorLog(
  writer: LogWriter,
  { format, level: minimum }: Pick<LogSettings, 'format' | 'level'>,
): HandlerErrorLog {
  const writesErrors = isWritten(LEVEL, minimum);
  const write = (thrown: unknown, { requestId, tenantId }: InvocationIds, text: string, inJson?: string) => {
    // The runtime itself logs calls of process.exit().
    if (!writesErrors || isProcessExitError(thrown)) return;
    const time = new Date();
    const origin = { time, level: LEVEL, requestId, tenantId };
    const line =
      format === 'JSON' ? jsonErrorLine(thrown, inJson, origin) : textErrorLine(thrown, text, origin);
    writer.write(line, LEVEL, format, time.valueOf());
  };
  return {
    // In JSON, the error itself is the message, as in AWS's client.
    invocationFailed: (thrown, of) => write(thrown, of, 'Invoke Error'),
    backgroundFailed: (thrown, of) => write(thrown, of, BACKGROUND, BACKGROUND),
  };
}

const LEVEL: LogLevel = 'ERROR';
const BACKGROUND = 'Background work failed';
