import { openLogOutput } from '../../src/output/log-output.ts';
import type { LogSettings } from '../../src/thread-settings.ts';
import { patchConsole } from './console.ts';
import { NO_TAP } from './line-tap.ts';
import type { LineTap } from './line-tap.ts';
import { offerLogger } from './logger.ts';
import { takeOverStdio } from './stdio.ts';

/**
 * Lets everything that this thread's code logs go straight to its descriptor: console, the `logger`, stdout and stderr.
 *
 * @returns what undoes it.
 */
export async function openLogging(settings: LogSettings): Promise<() => void> {
  const output = await openLogOutput(settings, 'at once');
  const tap = settings.broadcast ? await openBroadcast() : NO_TAP;
  const writer = tap.writer(output.writer);
  const undo = [
    patchConsole(writer, settings),
    takeOverStdio(settings, tap),
    offerLogger(writer, settings.level),
    () => tap.close(),
  ];
  return () => {
    for (const one of undo.splice(0)) one();
    output.close();
  };
}

/** Lambda never needs it. */
async function openBroadcast(): Promise<LineTap> {
  return new (await import('./line-broadcast.ts')).LineBroadcast();
}
