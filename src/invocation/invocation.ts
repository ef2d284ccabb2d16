/** What the Runtime API says about an invocation, besides the event: the headers of `/next`, as text. */
export interface InvocationMetadata {
  readonly requestId: string;
  /** The instant at which Lambda answers the caller with a timeout, in epoch milliseconds. */
  readonly deadlineMs: number;
  readonly invokedFunctionArn: string;
  /** The X-Ray trace header. */
  readonly traceId: string | undefined;
  /** JSON, not parsed yet. */
  readonly clientContext: string | undefined;
  /** JSON, not parsed yet. */
  readonly cognitoIdentity: string | undefined;
  readonly tenantId: string | undefined;
}

/**
 * The event's bytes, untouched: small ones as a string with one character for each byte (latin1), which crosses
 * threads cheaply; large ones as an array that owns its buffer, which is transferred.
 */
export type EventBytes = string | Uint8Array<ArrayBuffer>;

/** One event and its metadata, until it is answered. */
export interface Invocation {
  readonly metadata: InvocationMetadata;
  readonly event: EventBytes;
}
