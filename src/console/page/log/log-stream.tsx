import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { LoggedText } from '../../messages.ts';
import { lines } from '../state/store.ts';
import { FollowedScroll } from './followed-scroll.ts';
import { filtered, LEVELS } from './log-filter.ts';
import type { Level } from './log-filter.ts';
import { LogLine } from './log-line.tsx';

/** The log lines of handlers, and a line for each replaced thread. */
export function LogStream() {
  const words = useSignal('');
  const minLevel = useSignal<Level>('TRACE');
  /** The lines at the time when following was turned off, so that the text being read does not move. */
  const held = useSignal<readonly LoggedText[] | undefined>(undefined);
  const follow = (follows: boolean) => {
    held.value = follows ? undefined : (held.peek() ?? lines.peek());
  };
  const list = useRef<HTMLDivElement>(null);
  const scroll = useMemo(() => new FollowedScroll(follow, () => held.peek() === undefined), []);
  const source = held.value ?? lines.value;
  const found = useComputed(() => filtered(held.value ?? lines.value, words.value, minLevel.value));
  const newer = (lines.value.at(-1)?.order ?? 0) - (source.at(-1)?.order ?? 0);
  useLayoutEffect(() => {
    if (list.current !== null) scroll.keep(list.current);
  });
  useEffect(
    () => (list.current === null ? undefined : onResize(list.current, (pane) => scroll.keep(pane))),
    [],
  );
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
            value={minLevel.value}
            onChange={({ currentTarget }) =>
              (minLevel.value = LEVELS.find((level) => level === currentTarget.value) ?? 'TRACE')
            }
          >
            {LEVELS.map((level) => (
              <option key={level}>{level}</option>
            ))}
          </select>
        </label>
        <span class="log-count" role="status">
          {found.value.length} of {source.length}
          {newer > 0 && `, ${newer} newer`}
        </span>
        <button
          type="button"
          class="toggle"
          aria-pressed={held.value === undefined}
          onClick={() => follow(held.value !== undefined)}
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
        onScroll={({ currentTarget }) => scroll.onScroll(currentTarget)}
      >
        {source.length === 0 && (
          <p class="hint">What handlers write with console, the logger or to stdout appears here.</p>
        )}
        {source.length > 0 && found.value.length === 0 && <p class="hint">No line has these words.</p>}
        {found.value.slice(-MAX_SHOWN).map((line) => (
          <LogLine key={line.order} line={line} />
        ))}
      </div>
    </section>
  );
}

/** Calls back after each change of the size. Returns a function that stops observing. */
function onResize(pane: HTMLElement, act: (pane: HTMLElement) => void): () => void {
  const observer = new ResizeObserver(() => act(pane));
  observer.observe(pane);
  return () => observer.disconnect();
}

/** The filter applies to all lines, but at most this number is rendered. */
const MAX_SHOWN = 300;
