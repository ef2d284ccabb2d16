import { openLogOutput } from '../../src/output/log-output.ts';
import type { LogSettings } from '../../src/protocol.ts';
import { patchConsole } from './console.ts';
import { offerLogger } from './logger.ts';
import { takeOverStdio } from './stdio.ts';

/**
 * Lets everything that this thread's code logs go straight to its descriptor: console, the `logger`, stdout and stderr.
 *
 * @returns what undoes it.
 */
export async function openLogging(settings: LogSettings): Promise<() => void> {
  const output = await openLogOutput(settings, 'at once');
  const undo = [
    patchConsole(output.writer, settings),
    takeOverStdio(settings),
    offerLogger(output.writer, settings.level),
  ];
  return () => {
    for (const one of undo.splice(0)) one();
    output.close();
  };
}
