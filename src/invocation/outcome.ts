import type { Readable } from 'node:stream';
import type { EncodedDiagnostic } from './diagnostic.ts';

/** The response's body: text for small ones, an array that owns its buffer for large or binary ones. */
export type ResponseBody = string | Uint8Array<ArrayBuffer>;

/** How a handler ended, or that its response has begun. */
export type Outcome = SettledOutcome | StreamedOutcome;

export type SettledOutcome =
  | { readonly type: 'response'; readonly body: ResponseBody; readonly contentType: string }
  | { readonly type: 'failure'; readonly diagnostic: EncodedDiagnostic };

/** A response that comes in parts, from a handler that still runs. */
export interface StreamedOutcome {
  readonly type: 'stream';
  readonly contentType: string;
  readonly body: StreamedBody;
}

/** The parts, as they are made. Whoever reads them destroys it when they cannot be passed on any more. */
export interface StreamedBody extends Readable {
  /** What went wrong after the last part, if anything; known when it has ended. */
  readonly failure: EncodedDiagnostic | undefined;
  /** To be told of each chunk that is needed no more: others follow, and its memory is used again. */
  passedOn(chunk: Uint8Array<ArrayBuffer>): void;
  /** How many bytes have been passed on. */
  readonly passedOnBytes: number;
}

/**
 * What became of an answer.
 *
 * - `delivered`: the Runtime API has taken it.
 * - `replaced`: it was too large or broke off; the caller got an error in its place, or behind what it had.
 * - `late`: the caller had its timeout before.
 * - `aborted`: Lambda had ended the invocation before, as it does when it shuts the environment down.
 * - `failed`: the Runtime API refused it, could not be reached, or took only a part of a stream.
 */
export type Delivery = 'delivered' | 'replaced' | 'late' | 'aborted' | 'failed';

export function failure(diagnostic: EncodedDiagnostic): SettledOutcome {
  return { type: 'failure', diagnostic };
}
