import { useSignalEffect } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { SampledProfile } from '../../../profiling/call-tree.ts';
import { percent } from '../state/format.ts';
import { FlameGraph } from './flame-graph.tsx';
import { FunctionTable } from './function-table.tsx';
import { HeapSnapshot } from './heap-snapshot.tsx';
import {
  ALL,
  SECONDS,
  download,
  failure,
  foundPart,
  isProfiling,
  profile,
  result,
  search,
  show,
  shownProfiles,
  shownThread,
  tree,
  zoomed,
} from './profile-state.ts';

/** The button that profiles all threads, and the dialog that shows the result. */
export function ProfileDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  useSignalEffect(() => {
    if (result.value !== undefined && dialog.current?.open === false) dialog.current.showModal();
  });
  return (
    <>
      <button type="button" disabled={isProfiling.value} onClick={() => void profile()}>
        {isProfiling.value ? 'Profiling …' : `Profile (${SECONDS} s)`}
      </button>
      <p class={failure.value === '' ? 'visually-hidden' : 'failed'} role="status">
        {isProfiling.value ? `Profiling for ${SECONDS} seconds` : failure.value}
      </p>
      <dialog id="profile" ref={dialog} aria-labelledby="profile-title">
        {result.value !== undefined && <Content />}
      </dialog>
    </>
  );
}

function Content() {
  return (
    <>
      <div class="panel-head">
        <h2 id="profile-title">CPU profile</h2>
        <label class="inline">
          thread
          <select
            id="profile-thread"
            value={shownThread.value}
            onChange={({ currentTarget }) => show(currentTarget.value)}
          >
            <option value={ALL}>all threads</option>
            {result.value?.profiles.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label class="inline">
          find
          <input
            id="profile-search"
            type="search"
            placeholder="function or file"
            value={search.value}
            onInput={({ currentTarget }) => (search.value = currentTarget.value)}
          />
        </label>
        <button
          type="button"
          disabled={zoomed.value === undefined}
          onClick={() => (zoomed.value = undefined)}
        >
          Show all
        </button>
        <button type="button" onClick={download}>
          Download .cpuprofile
        </button>
        <HeapSnapshot />
        <form method="dialog">
          <button type="submit">Close</button>
        </form>
      </div>
      <p class="hint" role="status">
        {summary()}
      </p>
      <FlameGraph />
      <FunctionTable />
      <p class="hint">
        Arrow keys move in the graph, Enter widens a function, Backspace shows all. The width of a function is
        its share of the time in which threads were not idle.
      </p>
    </>
  );
}

/** The time from the first sample on: before it, V8 lists the compiled functions. */
function sampledMs({ startTime, endTime, timeDeltas }: SampledProfile): number {
  return Math.max(0, endTime - startTime - (timeDeltas[0] ?? 0)) / 1_000;
}

function summary(): string {
  if (search.value.trim() !== '') return `Found: ${percent(foundPart(tree.value))} of the time`;
  const profiles = shownProfiles.value;
  const wholeMs = profiles.reduce((sum, { profile: of }) => sum + sampledMs(of), 0);
  const busy = percent(wholeMs === 0 ? 0 : tree.value.totalMs / wholeMs);
  const missing = result.value?.missing.map(({ name, reason }) => ` No profile of ${name}: ${reason}`) ?? [];
  const threads = profiles.length === 1 ? 'The thread was' : `The ${profiles.length} threads were`;
  return `${threads} busy ${busy} of the time.${missing.join('')}`;
}
