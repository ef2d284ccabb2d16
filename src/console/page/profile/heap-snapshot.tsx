import { useSignal } from '@preact/signals';
import { threadName } from '../state/format.ts';
import { heapSnapshotUrl } from '../state/server.ts';
import { threads } from '../state/store.ts';

/** Downloads the heap snapshot of a thread, which stops meanwhile. */
export function HeapSnapshot() {
  const chosen = useSignal(0);
  const running = [...threads.value.values()]
    .filter(({ endedAt, retiredAt }) => endedAt === undefined && retiredAt === undefined)
    .map(({ thread }) => thread);
  const choices = [...new Set([0, ...running])];
  const thread = choices.includes(chosen.value) ? chosen.value : 0;
  return (
    <span class="heap-snapshot">
      <label class="inline">
        heap of
        <select
          id="heap-thread"
          value={String(thread)}
          onChange={({ currentTarget }) => (chosen.value = Number(currentTarget.value))}
        >
          {choices.map((each) => (
            <option key={each} value={String(each)}>
              {threadName(each)}
            </option>
          ))}
        </select>
      </label>
      <a href={heapSnapshotUrl(thread)} download={`thread-${thread}.heapsnapshot`}>
        Download .heapsnapshot
      </a>
    </span>
  );
}
