import { openLogOutput } from '../../src/output/log-output.ts';
import { offerLoggerOutput } from '../../src/logging/logger-output.ts';
import type { LogSettings } from '../../src/thread-settings.ts';
import { patchConsole } from './console.ts';
import { NO_LINE_OBSERVER } from './line-observer.ts';
import type { LineObserver } from './line-observer.ts';
import { redirectStdio } from './stdio.ts';
import { openHandlerErrorLog } from './handler-error-log.ts';
import type { HandlerErrorLog } from './handler-error-log.ts';

/** The log of a thread's handler. */
export interface HandlerLog {
  readonly thrown: HandlerErrorLog;
  /** Restores the console, the logger and the standard streams. */
  close(): void;
}

/** Routes the thread's console, `logger`, stdout and stderr directly to the log output instead of the main thread. */
export async function openLogging(settings: LogSettings): Promise<HandlerLog> {
  const output = await openLogOutput(settings, 'at once');
  const lineObserver = await openObserver(settings);
  const writer = lineObserver.writer(output.writer);
  const undo = [
    patchConsole(writer, settings),
    redirectStdio(settings, lineObserver),
    offerLoggerOutput({ writer, level: settings.level }),
    () => lineObserver.close(),
  ];
  return {
    thrown: openHandlerErrorLog(writer, settings),
    close() {
      for (const restore of undo.splice(0)) restore();
      output.close();
    },
  };
}

/** Imports what local mode needs on demand, because it is not needed on Lambda. */
async function openObserver({ broadcast, terminal }: LogSettings): Promise<LineObserver> {
  if (!broadcast && terminal === undefined) return NO_LINE_OBSERVER;
  const { openLocalObserver } = await import('./line-broadcast.ts');
  return openLocalObserver(terminal);
}
