import { Promise, clearTimeout, setTimeout } from './builtins.ts';

const LATE = Symbol('late');

/** Whether the promise settles, either way, within that many ms. */
export async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const settled = promise.then(
    () => undefined,
    () => undefined,
  );
  return (await raceTimer(settled, ms)) !== LATE;
}

/** The promise, or a rejection with `lateError()` if the promise has not settled within that many ms. */
export async function within<Value>(
  promise: Promise<Value>,
  ms: number,
  lateError: () => Error,
): Promise<Value> {
  const settled = await raceTimer(promise, ms);
  if (settled === LATE) throw lateError();
  return settled;
}

async function raceTimer<Value>(promise: Promise<Value>, ms: number): Promise<Value | typeof LATE> {
  const { promise: late, resolve } = Promise.withResolvers<typeof LATE>();
  const timer = setTimeout(resolve, ms, LATE);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Calls the listener once when the signal aborts, at once if it has. Returns a function that removes the listener. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) listener();
  else signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

/** Resolves when the signal aborts, at once if it has. */
export function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => onAbort(signal, () => resolve(undefined)));
}
