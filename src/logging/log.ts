import type { LogSettings } from '../thread-settings.ts';

/** The runtime's own log. Fields first, then one sentence. No method throws. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A log, and what handlers need to log beside it. */
export interface LogSink {
  readonly log: Log;
  /** For the main thread; each other thread has a number of its own. */
  readonly handlers: LogSettings;
  /** Loads what writes the lines, so that the first of them need not wait for it. */
  load(): void;
  /** Resolves when what was logged has been written, or after that many ms: nobody may be reading. */
  close(withinMs: number): Promise<void>;
}
