import { diagnose, encodeDiagnostic, encodeThrown } from '../src/invocation/diagnostic.ts';
import type { UncaughtErrorMessage } from '../src/protocol.ts';
import { blamedInvocation } from './invoke-store.ts';
import type { BlamedInvocation } from './invoke-store.ts';
import { replaceFunction } from './replace-function.ts';
import { ProcessExitError, isProcessExitError } from './handler-error.ts';

/**
 * Reports uncaught errors, unhandled rejections and calls of `process.exit`, with the invocation whose code caused them. The
 * thread keeps running, so that other invocations may finish. Listeners of user code are still called.
 *
 * @param ends what the runtime ends after `process.exit`, which itself throws an {@link ProcessExitError}.
 * @param ownsThread whether the thread runs at most one invocation at a time.
 * @returns a function that restores `process` and removes the listeners.
 */
export function reportUncaughtErrors(
  report: (message: UncaughtErrorMessage) => void,
  ends: 'thread' | 'process',
  ownsThread: boolean,
): () => void {
  const reportError = (
    origin: UncaughtErrorMessage['origin'],
    diagnostic: UncaughtErrorMessage['diagnostic'],
    listened: boolean,
    { invocationId, requestId, tenantId }: BlamedInvocation = blamedInvocation(ownsThread),
  ) => report({ type: 'uncaught-error', origin, invocationId, requestId, tenantId, diagnostic, listened });

  let rethrown: { readonly thrown: unknown; readonly blamed: BlamedInvocation } | undefined;
  const onRethrown = (thrown: unknown) => {
    rethrown = { thrown, blamed: blamedInvocation(ownsThread) };
  };
  const onUncaught = (thrown: unknown, origin: NodeJS.UncaughtExceptionOrigin) => {
    if (isProcessExitError(thrown)) return;
    const diagnostic = origin === 'unhandledRejection' ? describeRejection(thrown) : encodeThrown(thrown);
    const blamed = Object.is(rethrown?.thrown, thrown) ? rethrown?.blamed : undefined;
    rethrown = undefined;
    reportError(origin, diagnostic, isListenedTo(), blamed);
  };
  let isReporting = true;
  const onListenerThrew = (thrown: unknown) => {
    // A capture callback stays set, and nothing reports its errors any more.
    if (!isReporting) throw thrown;
    if (!isProcessExitError(thrown)) reportError('uncaughtException', encodeThrown(thrown), false);
  };
  const restoreEmit = interceptEmit(onUncaught, onRethrown, onListenerThrew);
  const restoreCapture = CAPTURE_SETTERS.map((name) => interceptCapture(name, onListenerThrew));
  process.on('uncaughtException', surviveUncaught);

  const exit = (code?: string | number | null): never => {
    reportError('exit', describeExit(code, exit), false);
    throw new ProcessExitError(`process.exit(${code ?? ''}) was called; the runtime is ending the ${ends}.`);
  };
  const restoreExit = replaceFunction(process, 'exit', exit);

  return () => {
    isReporting = false;
    process.off('uncaughtException', surviveUncaught);
    restoreEmit();
    for (const restore of restoreCapture) restore();
    restoreExit();
  };
}

/** Keeps the process alive; packages that listen end the process if theirs is the only listener. */
function surviveUncaught(): void {}

/** Whether code of the user handles uncaught errors. */
function isListenedTo(): boolean {
  return (
    process.hasUncaughtExceptionCaptureCallback() ||
    process.listeners('uncaughtException').some((listener) => listener !== surviveUncaught)
  );
}

/**
 * Intercepts uncaught errors in `process.emit`, because user code can remove listeners: Node.js emits
 * `uncaughtExceptionMonitor` before all listeners of `uncaughtException`, even if nothing listens. Also makes uncaught
 * exceptions count as handled if user code has removed all listeners; otherwise Node.js would end the thread or the process.
 *
 * @param onRethrown called with an error that a listener of `unhandledRejection` throws, because only during that call is the
 *   invocation of the rejection known; Node.js reports the error later as an uncaught exception.
 * @param onListenerThrew called with an error that a listener for uncaught errors throws, because Node.js would end the thread
 *   or the process at once, before the caller is answered.
 * @returns a function that restores `process.emit`.
 */
function interceptEmit(
  onUncaught: (thrown: unknown, origin: NodeJS.UncaughtExceptionOrigin) => void,
  onRethrown: (thrown: unknown) => void,
  onListenerThrew: (thrown: unknown) => void,
): () => void {
  const { emit } = process;
  return replaceFunction(process, 'emit', (...args: unknown[]) => {
    const [event] = args;
    if (event === 'uncaughtExceptionMonitor') onUncaught(args[1], args[2] as NodeJS.UncaughtExceptionOrigin);
    try {
      return Reflect.apply(emit, process, args) || event === 'uncaughtException';
    } catch (thrown) {
      if (isProcessExitError(thrown)) return true;
      if (event === 'unhandledRejection') onRethrown(thrown);
      if (event !== 'uncaughtException' && event !== 'uncaughtExceptionMonitor') throw thrown;
      onListenerThrew(thrown);
      return true;
    }
  });
}

/** The functions by which Node.js gets a callback that it calls without `process.emit`; Node.js 22 and 24 have only the first. */
const CAPTURE_SETTERS = [
  'setUncaughtExceptionCaptureCallback',
  'addUncaughtExceptionCaptureCallback',
] as const;

/** Intercepts errors that a capture callback throws, as those of listeners. */
function interceptCapture(
  name: (typeof CAPTURE_SETTERS)[number],
  onThrew: (thrown: unknown) => void,
): () => void {
  const set: unknown = Reflect.get(process, name);
  if (typeof set !== 'function') return () => undefined;
  return replaceFunction(process, name, (callback: unknown) => {
    const guarded = (thrown: unknown) => {
      try {
        return Reflect.apply(callback as () => unknown, undefined, [thrown]);
      } catch (error) {
        return onThrew(error);
      }
    };
    return Reflect.apply(set, process, [typeof callback === 'function' ? guarded : callback]);
  });
}

function describeRejection(thrown: unknown): UncaughtErrorMessage['diagnostic'] {
  const { errorType, errorMessage, ...more } = diagnose(thrown);
  return encodeDiagnostic({
    ...more,
    errorType: 'Runtime.UnhandledPromiseRejection',
    errorMessage: `A promise rejection was not handled: ${errorType}: ${errorMessage}`,
  });
}

/** @param exit the function above which the stack begins. */
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
    // Without the first line and the frame of replaceFunction.
    stackTrace: diagnose(here).stackTrace.slice(2),
  });
}
