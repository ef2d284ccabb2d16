import type { InvocationDetail } from '../../messages.ts';
import { statusOf, swatchOf } from '../state/outcomes.ts';
import { selected } from '../state/view.ts';
import { Lines } from './lines.tsx';
import { useSelectedDetail } from './selected-detail.ts';
import { StreamPlot } from './stream-plot.tsx';
import { Text } from './text.tsx';
import { Timings } from './timings.tsx';

/** The details of the selected invocation. */
export function Detail() {
  const { detail, failure = '' } = useSelectedDetail().value ?? {};
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
      {failure !== '' && <p class="hint">{failure}</p>}
      {selected.value === undefined && (
        <p class="hint">Select a bar or a log line to see its event, answer, timings and log lines here.</p>
      )}
      {detail !== undefined && <Shown detail={detail} />}
    </section>
  );
}

function Shown({ detail }: { readonly detail: InvocationDetail }) {
  const { state, event, answer, errorMessage, stream, lines, linesLeftOut } = detail;
  return (
    <>
      <p class="detail-id">
        <code>{state.requestId}</code>
      </p>
      <p class="detail-outcome">
        <span class={swatchOf(state)} /> {statusOf(state)}
        {state.errorType !== undefined && <code>{state.errorType}</code>}
      </p>
      {errorMessage !== undefined && <p class="detail-error">{errorMessage}</p>}
      <Timings detail={detail} />
      {stream !== undefined && <StreamPlot stream={stream} state={state} />}
      <Text title="Event" kept={event} />
      <Text title="Answer" kept={answer} />
      <Lines lines={lines} leftOut={linesLeftOut} />
    </>
  );
}
