import type { MessagePort } from 'node:worker_threads';
import { diagnose, encodeDiagnostic, encodeThrown } from '../src/invocation/diagnostic.ts';
import type { EscapedMessage } from '../src/protocol.ts';
import { currentRun } from './invoker.ts';

/**
 * Tells the main thread of errors that leave a handler by another way than its promise, and of `process.exit`, with
 * the invocation whose code did it. The thread goes on until the main thread has decided: what it also runs may finish.
 *
 * A module that listens to `uncaughtException` itself decides for itself.
 */
export function reportEscapes(port: MessagePort): void {
  const report = (how: EscapedMessage['how'], thrown: unknown) => {
    const running = currentRun.getStore();
    port.postMessage({
      type: 'escaped',
      how,
      run: running?.run,
      requestId: running?.metadata.requestId,
      diagnostic: how === 'unhandledRejection' ? unhandled(thrown) : encodeThrown(thrown),
    } satisfies EscapedMessage);
  };

  const onUncaught = (thrown: unknown, origin: NodeJS.UncaughtExceptionOrigin) => {
    if (process.listenerCount('uncaughtException') === 1) report(origin, thrown);
  };
  process.on('uncaughtException', onUncaught);

  const exit = process.exit.bind(process);
  process.exit = (code) => {
    report('exit', new Error(`process.exit(${code ?? ''}) was called.`));
    return exit(code);
  };
}

function unhandled(thrown: unknown): EscapedMessage['diagnostic'] {
  const { errorType, errorMessage, stackTrace } = diagnose(thrown);
  return encodeDiagnostic({
    errorType: 'Runtime.UnhandledPromiseRejection',
    errorMessage: `A promise was rejected and nobody handled it: ${errorType}: ${errorMessage}`,
    stackTrace,
  });
}
