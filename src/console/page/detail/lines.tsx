import { messageOf } from '../log/line-message.ts';

/** The log lines of an invocation. */
export function Lines({ lines, leftOut }: { readonly lines: readonly string[]; readonly leftOut: number }) {
  return (
    <section class="kept">
      <h3>
        Log lines <small>{lines.length + leftOut}</small>
        {leftOut > 0 && <small class="cut">the last {leftOut} are not kept</small>}
      </h3>
      {lines.length === 0 ? (
        <p class="hint">none</p>
      ) : (
        <pre tabIndex={0} aria-label="Log lines">
          {lines.map(messageOf).join('\n')}
        </pre>
      )}
    </section>
  );
}
