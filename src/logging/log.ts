/** The runtime's own log. Fields first, then one sentence. No method throws. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A log and what makes sure that its lines are out. */
export interface LogSink {
  readonly log: Log;
  /** Resolves when what was logged has been written, or cannot be for now. */
  flush(): Promise<void>;
}
