import type { RetainedText } from '../../messages.ts';
import { bytes } from '../state/format.ts';

/** An event or an answer. JSON is indented. */
export function Text({ title, kept }: { readonly title: string; readonly kept: RetainedText | undefined }) {
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
          {readable(kept)}
        </pre>
      )}
    </section>
  );
}

/** An HTTP integration response begins with its status and headers as JSON, followed by eight NUL bytes. */
function readable({ text, cut }: RetainedText): string {
  const end = text.indexOf(SEPARATOR);
  if (end === -1) return cut ? text : indented(text);
  return `${indented(text.slice(0, end))}\n\n${text.slice(end + SEPARATOR.length)}`;
}

const SEPARATOR = '\0'.repeat(8);

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
