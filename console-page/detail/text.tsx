import type { KeptText } from '../../src/console/messages.ts';
import { bytes } from '../state/format.ts';

/** An event or an answer, indented where it is JSON. */
export function Text({ title, kept }: { readonly title: string; readonly kept: KeptText | undefined }) {
  return (
    <section class="kept">
      <h3>
        {title}
        {kept !== undefined && <small>{bytes(kept.bytes)}</small>}
        {kept?.cut === true && <small class="cut">only the beginning is kept</small>}
      </h3>
      {kept === undefined ? (
        <p class="hint">none yet</p>
      ) : (
        <pre tabIndex={0} aria-label={title}>
          {kept.cut ? kept.text : indented(kept.text)}
        </pre>
      )}
    </section>
  );
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
