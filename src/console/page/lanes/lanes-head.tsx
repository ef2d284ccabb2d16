import { OUTCOMES } from '../state/outcomes.ts';
import { refused } from '../state/store.ts';
import { frozenAt, togglePause, windowMs, WINDOWS_MS } from '../state/view.ts';

/** The legend, the time range and the pause button. */
export function LanesHead() {
  const isPaused = frozenAt.value !== undefined;
  return (
    <header class="panel-head">
      <h2 id="lanes-title">Threads</h2>
      <ul class="legend" aria-label="Outcomes">
        {Object.entries(OUTCOMES)
          .filter(([outcome]) => outcome !== 'shutdown' && outcome !== 'unavailable')
          .map(([outcome, name]) => (
            <li key={outcome}>
              <span class={`swatch ${outcome}`} />
              {name}
            </li>
          ))}
        <li>
          <span class="swatch boot" />
          starting
        </li>
        {refused.value > 0 && (
          <li>
            <span class="swatch refusal" />
            refused (429)
          </li>
        )}
      </ul>
      <label class="inline">
        shows
        <select
          id="window"
          value={windowMs.value}
          onChange={({ currentTarget }) => (windowMs.value = Number(currentTarget.value))}
        >
          {WINDOWS_MS.map((ms) => (
            <option key={ms} value={ms}>
              {ms < 60_000 ? `${ms / 1000} s` : `${ms / 60_000} min`}
            </option>
          ))}
        </select>
      </label>
      <button type="button" class="toggle" aria-pressed={isPaused} onClick={togglePause}>
        {isPaused ? 'Go live' : 'Pause'}
      </button>
    </header>
  );
}
