import { decodeDiagnostic, diagnostic, encodeDiagnostic, encodeThrown } from '../invocation/diagnostic.ts';
import type { Diagnostic, EncodedDiagnostic } from '../invocation/diagnostic.ts';
import { diagnosticText } from '../invocation/diagnostic-text.ts';

/** The handler, or what it needs of the main thread, could not be loaded. */
export class InitFailure extends Error {
  override readonly name = 'InitFailure';
  /** As Lambda hears of it. */
  readonly encoded: EncodedDiagnostic;
  readonly diagnostic: Diagnostic;

  constructor(encoded: EncodedDiagnostic) {
    const parsed = decodeDiagnostic(encoded);
    super(`The function cannot start: ${parsed.errorType}: ${parsed.errorMessage}`);
    this.encoded = encoded;
    this.diagnostic = parsed;
  }

  /** For people: with the place in the code, over several lines. */
  get report(): string {
    return `The function cannot start: ${diagnosticText(this.diagnostic)}`;
  }

  static of(thrown: unknown): InitFailure {
    return thrown instanceof InitFailure ? thrown : new InitFailure(encodeThrown(thrown));
  }
}

/** What Lambda hears when the handler's module takes too long. */
export function initTimeout(timeoutMs: number): EncodedDiagnostic {
  const message = `The handler's module did not load within ${timeoutMs} ms (initTimeoutMs).`;
  return encodeDiagnostic(diagnostic('Runtime.InitTimeout', message));
}
