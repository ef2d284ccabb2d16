import { diagnose, diagnostic, encodeDiagnostic } from '../invocation/diagnostic.ts';
import type { Diagnostic, EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { EscapedMessage } from '../protocol.ts';

/** Why a thread ended, or is about to. */
export type ThreadEnd =
  | { readonly cause: 'escaped'; readonly message: EscapedMessage }
  | { readonly cause: 'exit'; readonly code: number }
  | { readonly cause: 'error'; readonly error: unknown }
  | { readonly cause: 'deadline'; readonly requestId: string }
  | { readonly cause: 'out-of-memory' }
  | { readonly cause: 'recycled' }
  | { readonly cause: 'stopped' };

/** What the caller of an invocation hears when its thread ended under it. */
export function describeThreadEnd(end: ThreadEnd, requestId: string | undefined): EncodedDiagnostic {
  if (end.cause === 'escaped' && end.message.requestId === requestId) return end.message.diagnostic;
  return encodeDiagnostic(explain(end));
}

function explain(end: ThreadEnd): Diagnostic {
  switch (end.cause) {
    case 'escaped':
      return explainEscaped(end.message);
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
    case 'out-of-memory':
      return OUT_OF_MEMORY;
    case 'recycled':
    case 'stopped':
      return diagnostic('Runtime.Shutdown', 'The runtime shut down before the handler returned.');
  }
}

/** For an invocation that shared the thread with the code that did it. */
function explainEscaped({ how, requestId, diagnostic: cause }: EscapedMessage): Diagnostic {
  const culprit = requestId === undefined ? 'code outside any invocation' : `the invocation ${requestId}`;
  if (how === 'exit') {
    return diagnostic(
      'Runtime.ExitError',
      `The worker thread ended because ${culprit} called process.exit().`,
    );
  }
  return diagnostic(
    'Runtime.ThreadLost',
    `The worker thread was lost to an error (${how}, ${cause.errorType}) in ${culprit}. See the log for its stack.`,
  );
}

function explainError(error: unknown): Diagnostic {
  const described = diagnose(error);
  return described.code === 'ERR_WORKER_OUT_OF_MEMORY' ? OUT_OF_MEMORY : described;
}

const OUT_OF_MEMORY = diagnostic(
  'Runtime.OutOfMemory',
  'The worker thread ran out of heap memory. Give the function more memory, run fewer threads, or raise ' +
    'resourceLimits.maxOldGenerationSizeMb.',
);
