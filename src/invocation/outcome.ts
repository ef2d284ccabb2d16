import type { EncodedDiagnostic } from './diagnostic.ts';

/** The response's body: text for small ones, an array that owns its buffer for large or binary ones. */
export type ResponseBody = string | Uint8Array<ArrayBuffer>;

/** How a handler ended. */
export type Outcome =
  | { readonly type: 'response'; readonly body: ResponseBody; readonly contentType: string }
  | { readonly type: 'failure'; readonly diagnostic: EncodedDiagnostic };

export function failure(diagnostic: EncodedDiagnostic): Outcome {
  return { type: 'failure', diagnostic };
}
