import {
  decodeDiagnostic,
  diagnostic,
  diagnosticText,
  encodeDiagnostic,
  encodeThrown,
} from '../invocation/diagnostic.ts';
import type { Diagnostic, EncodedDiagnostic } from '../invocation/diagnostic.ts';

/** Thrown when the handler, a module of `preload`, the services or the shared data cannot be loaded. */
export class InitFailure extends Error {
  override readonly name = 'InitFailure';
  /** The body for Lambda's `/runtime/init/error`. */
  readonly encoded: EncodedDiagnostic;
  readonly diagnostic: Diagnostic;

  constructor(encoded: EncodedDiagnostic) {
    const parsed = decodeDiagnostic(encoded);
    super(`The function cannot start: ${parsed.errorType}: ${parsed.errorMessage}`);
    this.encoded = encoded;
    this.diagnostic = parsed;
  }

  /** A description over several lines, with the position in the code. */
  get report(): string {
    return `The function cannot start: ${diagnosticText(this.diagnostic)}`;
  }

  static of(thrown: unknown): InitFailure {
    return thrown instanceof InitFailure ? thrown : new InitFailure(encodeThrown(thrown));
  }
}

/** The init error for a module that does not load in time. */
export function initTimeout(timeoutMs: number, module = "The handler's module"): EncodedDiagnostic {
  const message = `${module} did not load within ${timeoutMs} ms (initTimeoutMs).`;
  return encodeDiagnostic(diagnostic('Runtime.InitTimeout', message));
}
