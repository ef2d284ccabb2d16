import type { RetainedText } from '../../messages.ts';
import { bytes } from '../state/format.ts';

/** An event or an answer, indented where it is JSON. */
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

/** A response with status and headers of its own has them in front of the body, as JSON. */
function readable({ text, cut }: RetainedText): string {
  const end = text.indexOf(BETWEEN);
  if (end === -1) return cut ? text : indented(text);
  return `${indented(text.slice(0, end))}\n\n${text.slice(end + BETWEEN.length)}`;
}

const BETWEEN = '\0'.repeat(8);

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
