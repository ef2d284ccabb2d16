import { useComputed, useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { LoggedText } from '../../src/console/messages.ts';
import { clock, shortId } from '../state/format.ts';
import { lines } from '../state/store.ts';
import { selected } from '../state/view.ts';
import { filtered, LEVELS } from './log-filter.ts';
import type { Level } from './log-filter.ts';
import { readLine } from './read-line.ts';

/** What handlers write, as it comes, and the ends of threads. */
export function LogStream() {
  const words = useSignal('');
  const least = useSignal<Level>('TRACE');
  const follows = useSignal(true);
  const list = useRef<HTMLDivElement>(null);
  const found = useComputed(() => filtered(lines.value, words.value, least.value));
  useLayoutEffect(() => {
    if (list.current !== null && follows.value) list.current.scrollTop = list.current.scrollHeight;
  });
  return (
    <section class="panel log" aria-labelledby="log-title">
      <header class="panel-head">
        <h2 id="log-title">Log</h2>
        <input
          id="log-filter"
          type="search"
          placeholder="words, or a request id"
          aria-label="Filter the log"
          value={words.value}
          onInput={({ currentTarget }) => (words.value = currentTarget.value)}
        />
        <label class="inline">
          from level
          <select
            value={least.value}
            onChange={({ currentTarget }) =>
              (least.value = LEVELS.find((level) => level === currentTarget.value) ?? 'TRACE')
            }
          >
            {LEVELS.map((level) => (
              <option key={level}>{level}</option>
            ))}
          </select>
        </label>
        <span class="log-count" role="status">
          {found.value.length} of {lines.value.length}
        </span>
        <button
          type="button"
          class="toggle"
          aria-pressed={follows.value}
          onClick={() => (follows.value = !follows.value)}
        >
          Follow
        </button>
      </header>
      <div
        ref={list}
        class="log-list"
        role="log"
        aria-live="off"
        aria-label="Log lines"
        tabIndex={0}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          follows.value = scrollHeight - scrollTop - clientHeight < 24;
        }}
      >
        {lines.value.length === 0 && (
          <p class="hint">What handlers write with console, the logger or to stdout appears here.</p>
        )}
        {lines.value.length > 0 && found.value.length === 0 && <p class="hint">No line has these words.</p>}
        {found.value.slice(-MOST_SHOWN).map((line) => (
          <Line key={line.order} line={line} />
        ))}
      </div>
    </section>
  );
}

function Line({ line }: { readonly line: LoggedText }) {
  const { at, requestId, ofRuntime, text } = line;
  const { level, message } = readLine(text);
  return (
    <div class={`log-line ${level ?? ''}`} data-line={line.order}>
      <time>{clock(at, 3)}</time>
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
      <span class="log-level">{level ?? ''}</span>
      <span class="log-text">{message}</span>
    </div>
  );
}

/** All are filtered, and no more than that are drawn. */
const MOST_SHOWN = 300;
