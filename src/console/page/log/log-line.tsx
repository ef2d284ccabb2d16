import type { LoggedText } from '../../messages.ts';
import { timeOfDay, shortId } from '../state/format.ts';
import { selected } from '../state/view.ts';
import { messageOf } from './line-message.ts';

/** A log line. Its request id is a button that shows the invocation. */
export function LogLine({ line }: { readonly line: LoggedText }) {
  const { order, at, requestId, ofRuntime, level = '', text } = line;
  return (
    <div class={`log-line ${level}`} data-line={order}>
      <time>{timeOfDay(at, 3)}</time>
      {requestId === undefined ? (
        <span class="log-id">{ofRuntime === true ? 'runtime' : ''}</span>
      ) : (
        <button
          type="button"
          class="log-id"
          title={requestId}
          aria-label={`Show invocation ${shortId(requestId)}`}
          tabIndex={-1}
          onClick={() => (selected.value = requestId)}
        >
          {shortId(requestId)}
        </button>
      )}
      <span class="log-level">{level}</span>
      <span class="log-text">{messageOf(text)}</span>
    </div>
  );
}
