import { stopInvoking } from '../state/server.ts';
import { burst } from '../state/store.ts';

/** The progress of the invocations that the page has requested. */
export function BurstProgress() {
  const { wanted, done, failed } = burst.value;
  if (wanted <= 1) return null;
  return (
    <div class="burst" id="burst">
      <progress max={wanted} value={done} aria-label="Completed invocations" />
      <span>
        {done} of {wanted} done{failed > 0 && <strong class="failed">, {failed} failed</strong>}
      </span>
      {done < wanted && (
        <button type="button" onClick={() => void stopInvoking()}>
          Stop
        </button>
      )}
    </div>
  );
}
