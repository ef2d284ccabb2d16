/** What the runtime itself says of a handler: its type is what Lambda and the caller see as `errorType`. */
export class HandlerError extends Error {
  constructor(type: `Runtime.${string}`, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = type;
  }
}
