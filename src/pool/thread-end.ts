import { diagnose, diagnostic, encodeDiagnostic } from '../invocation/diagnostic.ts';
import type { Diagnostic, EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { EscapedMessage } from '../protocol.ts';

/** Why a thread ended, or is about to. */
export type ThreadEnd =
  | { readonly cause: 'escaped'; readonly message: EscapedMessage }
  | { readonly cause: 'exit'; readonly code: number }
  | { readonly cause: 'error'; readonly error: unknown }
  | { readonly cause: 'deadline'; readonly requestId: string }
  | { readonly cause: 'recycled' }
  | { readonly cause: 'stopped' };

/** What the caller of an invocation hears when its thread ended under it. */
export function describeThreadEnd(end: ThreadEnd, requestId: string | undefined): EncodedDiagnostic {
  if (end.cause === 'escaped' && end.message.requestId === requestId && end.message.how !== 'exit') {
    return end.message.diagnostic;
  }
  return encodeDiagnostic(explain(end, requestId));
}

function explain(end: ThreadEnd, requestId: string | undefined): Diagnostic {
  switch (end.cause) {
    case 'escaped':
      return explainEscaped(end.message, requestId);
    case 'exit':
      return diagnostic(
        'Runtime.ExitError',
        `The worker thread ended with exit code ${end.code} before the handler returned. ` +
          'Return from the handler, or throw an error, instead of calling process.exit().',
      );
    case 'error':
      return explainError(end.error);
    case 'deadline':
      return diagnostic(
        'Runtime.ThreadTerminated',
        `The worker thread was terminated because the invocation ${end.requestId}, which it also held, blocked it ` +
          'past its deadline.',
      );
    case 'recycled':
    case 'stopped':
      return diagnostic('Runtime.Shutdown', 'The runtime shut down before the handler returned.');
  }
}

function explainEscaped(message: EscapedMessage, requestId: string | undefined): Diagnostic {
  const culprit = message.requestId === undefined ? 'code outside any invocation' : `invocation ${message.requestId}`;
  if (message.how === 'exit') {
    const caller = message.requestId === requestId ? 'the handler' : culprit;
    return diagnostic(
      'Runtime.ExitError',
      `The worker thread ended because ${caller} called process.exit(). ` +
        'Return from the handler, or throw an error, instead.',
    );
  }
  return diagnostic(
    'Runtime.ThreadLost',
    `The worker thread was lost to an error (${message.how}) in ${culprit}: ${message.diagnostic.errorType}. ` +
      'See the log for its stack.',
  );
}

function explainError(error: unknown): Diagnostic {
  const described = diagnose(error);
  if (described.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return diagnostic(
      'Runtime.OutOfMemory',
      'The worker thread ran out of heap memory. Give the function more memory, run fewer threads, or raise ' +
        'resourceLimits.maxOldGenerationSizeMb.',
    );
  }
  return described;
}
