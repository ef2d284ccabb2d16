import { clearTimeout, setTimeout } from '../builtins.ts';
import { LONGEST_TIMER_MS } from '../invocation/deadline.ts';

/** A signal that aborts after a while, or together with another one. */
export interface Patience {
  readonly signal: AbortSignal;
  /** It is needed no more: neither timer nor listener stay behind. */
  end(): void;
}

/** For that many ms at most; for longer than a timer can wait, as long as that. */
export function patience(ms: number, other: AbortSignal): Patience {
  const controller = new AbortController();
  const abort = () => controller.abort(other.reason);
  const timer = setTimeout(abort, Math.min(ms, LONGEST_TIMER_MS));
  other.addEventListener('abort', abort);
  if (other.aborted) abort();
  return {
    signal: controller.signal,
    end() {
      clearTimeout(timer);
      other.removeEventListener('abort', abort);
    },
  };
}
