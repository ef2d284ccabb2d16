import { inspect } from 'node:util';
import type { InspectOptions } from 'node:util';
import { Date } from '../../src/builtins.ts';
import type { LogWriter } from '../../src/output/log-output.ts';
import { isWritten } from '../../src/thread-settings.ts';
import type { LogLevel, LogSettings } from '../../src/thread-settings.ts';
import { currentInvocation } from '../invoke-store.ts';
import { replaceFunction } from '../replace-function.ts';
import { jsonLine, textLine } from './log-lines.ts';

/**
 * Makes the console write one log line per call, with the request id of the current invocation. Other methods, such as `table`,
 * call the replaced ones.
 *
 * @returns a function that restores the console.
 */
export function patchConsole(
  writer: LogWriter,
  { format, level: minimum }: Pick<LogSettings, 'format' | 'level'>,
): () => void {
  const toLine = format === 'JSON' ? jsonLine : textLine;
  const at = (level: LogLevel) => {
    if (!isWritten(level, minimum)) return () => undefined;
    return (...args: unknown[]) => {
      const metadata = currentInvocation()?.message.metadata;
      const time = new Date();
      const origin = { time, level, requestId: metadata?.requestId, tenantId: metadata?.tenantId };
      writer.write(toLine(args, origin), level, format, time.valueOf());
    };
  };
  const info = at('INFO');
  const methods = {
    trace: at('TRACE'),
    debug: at('DEBUG'),
    log: at('INFO'),
    info,
    warn: at('WARN'),
    error: at('ERROR'),
    fatal: at('FATAL'),
    // The `dir` of Node.js does not call the other methods.
    dir: (value: unknown, options?: InspectOptions) =>
      info(inspect(value, { customInspect: false, ...options })),
  };
  const undo = Object.entries(methods).map(([name, method]) => replaceFunction(console, name, method));
  return () => {
    for (const restore of undo) restore();
  };
}
