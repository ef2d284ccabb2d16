import type { Signal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { JsonFault } from './json-check.ts';

export interface JsonEditorProps {
  readonly text: Signal<string>;
  readonly fault: JsonFault | undefined;
}

/** A JSON editor with line numbers. The line with a syntax error is highlighted. Ctrl+Enter submits the form. */
export function JsonEditor({ text, fault }: JsonEditorProps) {
  const gutter = useRef<HTMLDivElement>(null);
  const lines = text.value.split('\n').length;
  return (
    <div class={fault === undefined ? 'editor' : 'editor faulty'}>
      <div class="gutter" ref={gutter} aria-hidden="true">
        {Array.from({ length: lines }, (_, index) => (
          <div key={index} class={fault?.line === index + 1 ? 'faulty' : ''}>
            {index + 1}
          </div>
        ))}
      </div>
      <textarea
        id="event"
        value={text.value}
        spellcheck={false}
        autocomplete="off"
        wrap="off"
        aria-invalid={fault !== undefined}
        aria-describedby="event-fault"
        onInput={({ currentTarget }) => (text.value = currentTarget.value)}
        onScroll={({ currentTarget }) => {
          if (gutter.current !== null) gutter.current.scrollTop = currentTarget.scrollTop;
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
            // Like the submit button, requestSubmit() validates the number fields.
            event.currentTarget.form?.requestSubmit();
          }
        }}
      />
    </div>
  );
}
