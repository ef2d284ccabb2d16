/**
 * The error body that a runtime posts. All its fields are optional here, because a runtime may post anything.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-invokeerror
 */
export interface Diagnostic {
  /** For example `TypeError` or `Runtime.ImportModuleError`. */
  readonly errorType?: string;
  /** What went wrong. */
  readonly errorMessage?: string;
  /** The lines of the stack. */
  readonly stackTrace?: readonly string[];
  /** Whatever else the runtime has sent. */
  readonly [field: string]: unknown;
}

/** Reads an error body; `undefined` when it is not a JSON object. */
export function parseDiagnostic(body: Buffer): Diagnostic | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Diagnostic)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The error type as Lambda records it: one that is not like `Runtime.Xxx` or `Function.Xxx` becomes `Runtime.Unknown`. */
export function recordedErrorType(header: string | undefined): string {
  return header !== undefined && WELL_FORMED.test(header) ? header : 'Runtime.Unknown';
}

const WELL_FORMED = /^(Runtime|Function)\.[A-Z][a-zA-Z]+$/;
