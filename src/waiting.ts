import { Promise, clearTimeout, setTimeout, sleep } from './builtins.ts';
import { LONGEST_TIMER_MS } from './invocation/time.ts';

const TIMED_OUT = Symbol('timed out');

/** Resolves with whether the promise resolves or rejects within `ms`. Never rejects. */
export async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const settled = promise.then(
    () => undefined,
    () => undefined,
  );
  return (await raceTimer(settled, ms)) !== TIMED_OUT;
}

/**
 * Resolves or rejects as the promise does; rejects with `timeoutError()` if it does not settle within `ms`. When the signal
 * aborts, the timer ends, because it would keep the process alive.
 */
export async function withTimeout<Value>(
  promise: Promise<Value>,
  ms: number,
  timeoutError: () => Error,
  stop: AbortSignal,
): Promise<Value> {
  const settled = await raceTimer(promise, ms, stop);
  if (settled === TIMED_OUT) throw timeoutError();
  return settled;
}

async function raceTimer<Value>(
  promise: Promise<Value>,
  ms: number,
  stop?: AbortSignal,
): Promise<Value | typeof TIMED_OUT> {
  const { promise: timeout, resolve } = Promise.withResolvers<typeof TIMED_OUT>();
  const timer = setTimeout(resolve, ms, TIMED_OUT);
  const removeListener = stop && onAbort(stop, () => clearTimeout(timer));
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
    removeListener?.();
  }
}

/** Waits for `ms`. Resolves with false if the signal aborts before. */
export function sleepUnlessAborted(ms: number, signal: AbortSignal): Promise<boolean> {
  return sleep(ms, true, { signal }).catch(() => false);
}

/** Calls the listener once when the signal aborts, or at once if it has aborted. Returns a function that removes it. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) listener();
  else signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

/** Resolves when the signal aborts, or at once if it has aborted. */
export function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => onAbort(signal, () => resolve(undefined)));
}

/** A signal that aborts after a timeout or together with another signal. */
export interface TimeoutSignal {
  readonly signal: AbortSignal;
  /** Removes the timer and the listener. */
  end(): void;
}

/** Creates a {@link TimeoutSignal}. `ms` is limited to the longest delay of a timer. */
export function timeoutSignal(ms: number, other: AbortSignal): TimeoutSignal {
  const controller = new AbortController();
  const abort = () => controller.abort(other.reason);
  const timer = setTimeout(abort, Math.min(ms, LONGEST_TIMER_MS));
  const removeListener = onAbort(other, abort);
  return {
    signal: controller.signal,
    end() {
      clearTimeout(timer);
      removeListener();
    },
  };
}
