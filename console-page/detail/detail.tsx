import { useSignal, useSignalEffect } from '@preact/signals';
import type { InvocationDetail } from '../../src/console/messages.ts';
import { OUTCOMES } from '../state/outcomes.ts';
import { detailOf } from '../state/server.ts';
import { invocations } from '../state/store.ts';
import { selected } from '../state/view.ts';
import { Lines } from './lines.tsx';
import { Text } from './text.tsx';
import { Timings } from './timings.tsx';

/** All that is kept of the selected invocation. */
export function Detail() {
  const detail = useSignal<InvocationDetail | undefined>(undefined);
  const failure = useSignal('');
  useSignalEffect(() => {
    const requestId = selected.value;
    failure.value = '';
    if (requestId === undefined) detail.value = undefined;
    // Asked for again when it has changed.
    else if (invocations.value.get(requestId) !== detail.peek()?.state) void load(requestId);
  });
  const load = async (requestId: string) => {
    const state = invocations.peek().get(requestId);
    try {
      const loaded = await detailOf(requestId);
      if (selected.peek() === requestId) detail.value = { ...loaded, state: state ?? loaded.state };
    } catch (error) {
      if (selected.peek() === requestId) failure.value = (error as Error).message;
    }
  };
  return (
    <section class="panel detail" id="detail" tabIndex={0} aria-labelledby="detail-title">
      <header class="panel-head">
        <h2 id="detail-title">Invocation</h2>
        {selected.value !== undefined && (
          <button type="button" onClick={() => (selected.value = undefined)}>
            Close
          </button>
        )}
      </header>
      {failure.value !== '' && <p class="hint">{failure.value}</p>}
      {detail.value === undefined ? (
        <p class="hint">
          Choose a bar, or a line of the log: event, answer, timings and log lines appear here.
        </p>
      ) : (
        <Shown detail={detail.value} />
      )}
    </section>
  );
}

function Shown({ detail }: { readonly detail: InvocationDetail }) {
  const { state, event, answer, lines, linesLeftOut } = detail;
  return (
    <>
      <p class="detail-id">
        <code>{state.requestId}</code>
      </p>
      <p class="detail-outcome">
        <span class={`swatch ${state.outcome}`} /> {OUTCOMES[state.outcome]}
        {state.errorType !== undefined && <code>{state.errorType}</code>}
      </p>
      <Timings detail={detail} />
      <Text title="Event" kept={event} />
      <Text title="Answer" kept={answer} />
      <Lines lines={lines} leftOut={linesLeftOut} />
    </>
  );
}
