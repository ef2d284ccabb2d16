import { diagnostic, encodeDiagnostic, encodeThrown } from '../invocation/diagnostic.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';

/** The handler, or what it needs of the main thread, could not be loaded. */
export class InitFailure extends Error {
  override readonly name = 'InitFailure';
  readonly diagnostic: EncodedDiagnostic;

  constructor(diagnostic: EncodedDiagnostic) {
    super(`The function cannot start: ${diagnostic.body}`);
    this.diagnostic = diagnostic;
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
