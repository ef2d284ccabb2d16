import { diagnose, encodeDiagnostic, encodeThrown } from '../src/invocation/diagnostic.ts';
import type { EscapedMessage } from '../src/protocol.ts';
import { currentRun } from './invoke-store.ts';
import { replaceFunction } from './replace-function.ts';

/**
 * Tells of errors that leave a handler by another way than its promise, and of `process.exit`, with the invocation
 * whose code did it. After an error the code goes on until somebody decides: what else runs may finish.
 *
 * A module that listens to `uncaughtException` itself decides for itself.
 *
 * @param exit what `process.exit` does after it has been told.
 * @returns what undoes it.
 */
export function reportEscapes(
  report: (message: EscapedMessage) => void,
  exit: typeof process.exit,
): () => void {
  const tell = (how: EscapedMessage['how'], diagnostic: EscapedMessage['diagnostic']) => {
    const running = currentRun()?.message;
    report({ type: 'escaped', how, run: running?.run, requestId: running?.metadata.requestId, diagnostic });
  };

  const onUncaught = (thrown: unknown, origin: NodeJS.UncaughtExceptionOrigin) => {
    if (thrown instanceof ExitCall) return;
    if (process.listenerCount('uncaughtException') > 1) return;
    tell(origin, origin === 'unhandledRejection' ? describeRejection(thrown) : encodeThrown(thrown));
  };
  process.on('uncaughtException', onUncaught);

  const restoreExit = replaceFunction(process, 'exit', (code?: string | number | null) => {
    tell('exit', describeExit(code));
    return exit(code);
  });

  return () => {
    process.off('uncaughtException', onUncaught);
    restoreExit();
  };
}

/** What `process.exit` throws where it must not end the process or the thread at once. It has been told of. */
export class ExitCall extends Error {}

function describeRejection(thrown: unknown): EscapedMessage['diagnostic'] {
  const { errorType, errorMessage, stackTrace } = diagnose(thrown);
  return encodeDiagnostic({
    errorType: 'Runtime.UnhandledPromiseRejection',
    errorMessage: `A promise was rejected and nobody handled it: ${errorType}: ${errorMessage}`,
    stackTrace,
  });
}

function describeExit(code: string | number | null | undefined): EscapedMessage['diagnostic'] {
  return encodeDiagnostic({
    errorType: 'Runtime.ExitError',
    errorMessage:
      `The handler's code called process.exit(${code ?? ''}). ` +
      'Return from the handler, or throw an error, instead.',
    stackTrace: (new Error('process.exit').stack ?? '').split('\n').slice(2),
  });
}
