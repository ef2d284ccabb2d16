import type { LogWriter } from '../output/log-output.ts';
import { realmGlobal } from '../realm-global.ts';
import type { LogLevel } from '../thread-settings.ts';

/** Where the lines of `logger` go in this thread, and which of them. */
export interface LoggerOutput {
  readonly writer: LogWriter;
  readonly level: LogLevel;
}

/**
 * Directs the lines of `logger` in this thread to an output, also of a logger that has been used before.
 *
 * @returns a function that restores the previous output.
 */
export function offerLoggerOutput(output: LoggerOutput): () => void {
  const previous = offered.value;
  offered.value = output;
  for (const follow of followers.value ?? []) follow(output.level);
  return () => {
    if (offered.value === output) offered.value = previous;
  };
}

/** The output that is open, if there is one. */
export function loggerOutput(): LoggerOutput | undefined {
  return offered.value;
}

/** Calls `follow` with the level of each output that is opened later. */
export function followLoggerLevel(follow: (level: LogLevel) => void): void {
  (followers.value ??= []).push(follow);
}

const offered = realmGlobal<LoggerOutput>('logger-output');
const followers = realmGlobal<((level: LogLevel) => void)[]>('logger-level-followers');
