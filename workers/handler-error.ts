/** An error of the runtime about a handler. Lambda and the caller see its name as `errorType`. */
export class HandlerError extends Error {
  constructor(type: `Runtime.${string}`, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = type;
  }

  /** Creates an error whose stack is a position in the user's code instead of the runtime's own stack. */
  static at(type: `Runtime.${string}`, message: string, place: readonly string[]): HandlerError {
    const error = new HandlerError(type, message);
    error.stack = [`${type}: ${message}`, ...place].join('\n');
    return error;
  }
}

/** Thrown by the intercepted `process.exit`, which must not end the process or the thread at once. Already reported. */
export class ProcessExitError extends Error {
  constructor(message: string) {
    super(message);
    exitCalls.add(this);
  }
}

/** Does not use `instanceof`, which may throw for proxies. */
export function isProcessExitError(thrown: unknown): boolean {
  return typeof thrown === 'object' && thrown !== null && exitCalls.has(thrown);
}

const exitCalls = new WeakSet<object>();
