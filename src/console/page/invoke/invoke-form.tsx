import { useComputed, useSignal } from '@preact/signals';
import { invoke } from '../state/server.ts';
import { about } from '../state/store.ts';
import { selected } from '../state/view.ts';
import { BurstProgress } from './burst-progress.tsx';
import { jsonFault } from './json-check.ts';
import { JsonEditor } from './json-editor.tsx';
import { SAMPLE_EVENTS } from './sample-events.ts';

/** The form that invokes the function with an event, once or many times. */
export function InvokeForm() {
  const text = useSignal('{\n  "key": "value"\n}');
  const count = useSignal(1);
  const atOnce = useSignal<number | undefined>(undefined);
  const refusal = useSignal('');
  const fault = useComputed(() => jsonFault(text.value));
  const concurrency = atOnce.value ?? about.value?.concurrency ?? 1;

  const submit = async () => {
    if (fault.value !== undefined) return;
    refusal.value = '';
    try {
      const started = await invoke({ event: text.value, count: count.value, concurrency });
      if (count.value === 1) selected.value = started.requestId;
    } catch (error) {
      refusal.value = (error as Error).message;
    }
  };
  const format = () => {
    if (fault.value === undefined) text.value = JSON.stringify(JSON.parse(text.value), null, 2);
  };
  return (
    <section class="panel invoke" aria-labelledby="invoke-title">
      <header class="panel-head">
        <h2 id="invoke-title">Invoke</h2>
        <label class="inline">
          sample
          <select
            id="sample"
            value=""
            onChange={({ currentTarget }) => {
              text.value = JSON.stringify(SAMPLE_EVENTS[currentTarget.value], null, 2);
              currentTarget.value = '';
            }}
          >
            <option value="" disabled>
              choose…
            </option>
            {Object.keys(SAMPLE_EVENTS).map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <button type="button" onClick={format} disabled={fault.value !== undefined}>
          Format
        </button>
      </header>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <label for="event" class="visually-hidden">
          Event, as JSON
        </label>
        <JsonEditor text={text} fault={fault.value} />
        <p id="event-fault" class="event-fault" role="status">
          {fault.value === undefined ? 'valid JSON' : `not JSON: ${fault.value.message}`}
        </p>
        <div class="invoke-row">
          <NumberField
            id="count"
            label="times"
            value={count.value}
            max={about.value?.mostInvocations}
            onValue={(n) => (count.value = n)}
          />
          <NumberField
            id="at-once"
            label="at once"
            value={concurrency}
            max={about.value?.mostAtOnce}
            onValue={(n) => (atOnce.value = n)}
          />
          <button type="submit" class="primary" disabled={fault.value !== undefined}>
            Invoke
          </button>
        </div>
        <BurstProgress />
        {refusal.value !== '' && (
          <p class="refusal" role="alert">
            {refusal.value}
          </p>
        )}
      </form>
    </section>
  );
}

interface NumberFieldProps {
  readonly id: string;
  readonly label: string;
  readonly value: number;
  readonly max: number | undefined;
  readonly onValue: (value: number) => void;
}

/** A field for a whole number. */
function NumberField({ id, label, value, max, onValue }: NumberFieldProps) {
  return (
    <label class="inline">
      <input
        id={id}
        type="number"
        min={1}
        max={max}
        required
        value={value}
        onInput={({ currentTarget }) => {
          if (currentTarget.checkValidity()) onValue(currentTarget.valueAsNumber);
        }}
      />
      {label}
    </label>
  );
}
