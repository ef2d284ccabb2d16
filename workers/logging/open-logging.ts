import { openLogOutput } from '../../src/output/log-output.ts';
import type { LogSettings } from '../../src/thread-settings.ts';
import { patchConsole } from './console.ts';
import { NO_LINE_OBSERVER } from './line-observer.ts';
import type { LineObserver } from './line-observer.ts';
import { offerLogger } from './logger.ts';
import { takeOverStdio } from './stdio.ts';
import { openThrownLog } from './thrown-log.ts';
import type { ThrownLog } from './thrown-log.ts';

/** The log of a thread's handler. */
export interface HandlerLog {
  readonly thrown: ThrownLog;
  /** Undoes what was changed for it. */
  close(): void;
}

/** Lets everything that this thread's code logs go straight to its descriptor: console, the `logger`, stdout and stderr. */
export async function openLogging(settings: LogSettings): Promise<HandlerLog> {
  const output = await openLogOutput(settings, 'at once');
  const lineObserver = settings.broadcast ? await openBroadcast() : NO_LINE_OBSERVER;
  const writer = lineObserver.writer(output.writer);
  const undo = [
    patchConsole(writer, settings),
    takeOverStdio(settings, lineObserver),
    offerLogger(writer, settings.level),
    () => lineObserver.close(),
  ];
  return {
    thrown: openThrownLog(writer, settings),
    close() {
      for (const one of undo.splice(0)) one();
      output.close();
    },
  };
}

/** Lambda never needs it. */
async function openBroadcast(): Promise<LineObserver> {
  return new (await import('./line-broadcast.ts')).LineBroadcast();
}
