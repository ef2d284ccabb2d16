import { diagnose, encodeDiagnostic, encodeThrown } from '../src/invocation/diagnostic.ts';
import type { UncaughtErrorMessage } from '../src/protocol.ts';
import { chargedInvocation } from './invoke-store.ts';
import type { ChargedInvocation } from './invoke-store.ts';
import { replaceFunction } from './replace-function.ts';
import { ExitCall, isExitCall } from './handler-error.ts';

/**
 * Tells of errors that leave a handler by another way than its promise, and of `process.exit`, with the invocation
 * whose code did it. After either the code goes on until somebody decides: what else runs may finish. Listeners of the
 * handler's code are called as ever.
 *
 * @param ends what `process.exit` stands for: it throws an {@link ExitCall}, and the runtime ends that.
 * @param ownsThread whether at most one invocation at a time runs here.
 * @returns what undoes it.
 */
export function reportUncaughtErrors(
  report: (message: UncaughtErrorMessage) => void,
  ends: 'thread' | 'process',
  ownsThread: boolean,
): () => void {
  const tell = (
    how: UncaughtErrorMessage['how'],
    diagnostic: UncaughtErrorMessage['diagnostic'],
    { invocationId, requestId, tenantId }: ChargedInvocation = chargedInvocation(ownsThread),
  ) =>
    report({
      type: 'uncaught-error',
      how,
      invocationId,
      requestId,
      tenantId,
      diagnostic,
      listened: isListenedTo(how),
    });

  let rethrown: { readonly thrown: unknown; readonly charged: ChargedInvocation } | undefined;
  const restoreEmit = interceptEmit((thrown) => {
    rethrown = { thrown, charged: chargedInvocation(ownsThread) };
  });

  // Told before any listener on uncaughtException, and whoever else listens.
  const onUncaught = (thrown: unknown, origin: NodeJS.UncaughtExceptionOrigin) => {
    if (isExitCall(thrown)) return;
    const diagnostic = origin === 'unhandledRejection' ? describeRejection(thrown) : encodeThrown(thrown);
    const charged = Object.is(rethrown?.thrown, thrown) ? rethrown?.charged : undefined;
    rethrown = undefined;
    tell(origin, diagnostic, charged);
  };
  process.on('uncaughtExceptionMonitor', onUncaught);
  process.on('uncaughtException', surviveUncaught);

  const exit = (code?: string | number | null): never => {
    tell('exit', describeExit(code, exit));
    throw new ExitCall(`process.exit(${code ?? ''}) was called; the runtime is ending the ${ends}.`);
  };
  const restoreExit = replaceFunction(process, 'exit', exit);

  return () => {
    process.off('uncaughtExceptionMonitor', onUncaught);
    process.off('uncaughtException', surviveUncaught);
    restoreEmit();
    restoreExit();
  };
}

/** Packages that listen end the process if they are the only ones. */
function surviveUncaught(): void {}

function isListenedTo(how: UncaughtErrorMessage['how']): boolean {
  if (how === 'exit') return false;
  return (
    process.hasUncaughtExceptionCaptureCallback() ||
    process.listeners('uncaughtException').some((listener) => listener !== surviveUncaught)
  );
}

/**
 * Hears of what a listener on `unhandledRejection` throws while it is called: only then is it known whose rejection it
 * was. Node tells of it after that as of any uncaught exception. Those Node counts as handled, whoever has removed
 * listeners: else it would end the thread, or the process.
 *
 * @returns what undoes it.
 */
function interceptEmit(onThrown: (thrown: unknown) => void): () => void {
  const { emit } = process;
  return replaceFunction(process, 'emit', (...args: unknown[]) => {
    try {
      return Reflect.apply(emit, process, args) || args[0] === 'uncaughtException';
    } catch (thrown) {
      // Out of a listener on uncaughtException it would end the process before the caller is answered.
      if (isExitCall(thrown)) return true;
      if (args[0] === 'unhandledRejection') onThrown(thrown);
      throw thrown;
    }
  });
}

function describeRejection(thrown: unknown): UncaughtErrorMessage['diagnostic'] {
  const { errorType, errorMessage, ...more } = diagnose(thrown);
  return encodeDiagnostic({
    ...more,
    errorType: 'Runtime.UnhandledPromiseRejection',
    errorMessage: `A promise was rejected and nobody handled it: ${errorType}: ${errorMessage}`,
  });
}

/** @param exit whose callers the stack has. */
function describeExit(
  code: string | number | null | undefined,
  exit: (...args: never[]) => unknown,
): UncaughtErrorMessage['diagnostic'] {
  const here = new Error('process.exit');
  Error.captureStackTrace(here, exit);
  return encodeDiagnostic({
    errorType: 'Runtime.ExitError',
    errorMessage:
      `The handler's code called process.exit(${code ?? ''}). ` +
      'Return from the handler, or throw an error, instead.',
    // Without its head, and without what replaceFunction puts in between.
    stackTrace: diagnose(here).stackTrace.slice(2),
  });
}
