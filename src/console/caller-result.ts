import type { InvokeResult } from '../local/invoke.ts';
import { now } from './clock.ts';
import { keepText } from './kept-text.ts';
import type { InvocationState, KeptText } from './messages.ts';

/** The beginning of what the caller got. */
export function keptAnswer(result: InvokeResult): KeptText {
  if (result.status === 'response') {
    const { text, cut } = keepText(result.body);
    return { text, bytes: result.totalBytes, cut: cut || result.body.length < result.totalBytes };
  }
  if ('body' in result) return keepText(result.body);
  const { errorType, errorMessage } = result;
  return keepText(JSON.stringify({ errorType, errorMessage }));
}

/** How it went as the caller knows it; it is over where no slot had it. */
export function outcomeOf({ arrivedAt }: InvocationState, result: InvokeResult): Partial<InvocationState> {
  const over = arrivedAt === undefined ? { endedAt: now() } : {};
  switch (result.status) {
    case 'response':
      return { outcome: 'response', ...over };
    case 'error':
      return { outcome: 'error', errorType: result.errorType, ...over };
    case 'timeout':
      return { outcome: 'deadline', errorType: result.errorType, ...over };
    case 'unavailable':
      return { outcome: 'unavailable', errorType: result.errorType, ...over };
  }
}
