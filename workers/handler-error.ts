/** What the runtime itself says of a handler: its type is what Lambda and the caller see as `errorType`. */
export class HandlerError extends Error {
  constructor(type: `Runtime.${string}`, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = type;
  }

  /** One whose place is in the user's code, not where the runtime has made it. */
  static at(type: `Runtime.${string}`, message: string, place: readonly string[]): HandlerError {
    const error = new HandlerError(type, message);
    error.stack = [`${type}: ${message}`, ...place].join('\n');
    return error;
  }
}

/** What `process.exit` throws, since it must not end the process or the thread at once. It has been told of. */
export class ExitCall extends Error {
  constructor(message: string) {
    super(message);
    exitCalls.add(this);
  }
}

/** To ask for the class of what is thrown may throw itself. */
export function isExitCall(thrown: unknown): boolean {
  return typeof thrown === 'object' && thrown !== null && exitCalls.has(thrown);
}

const exitCalls = new WeakSet<object>();
