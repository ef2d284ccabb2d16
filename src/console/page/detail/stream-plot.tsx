import type { InvocationState, StreamedBytes } from '../../messages.ts';
import { bytes, duration } from '../state/format.ts';

/** The bytes of a streaming response, from the call to the last chunk. */
export function StreamPlot({
  stream,
  state,
}: {
  readonly stream: readonly StreamedBytes[];
  readonly state: InvocationState;
}) {
  const [first, last] = [stream[0], stream.at(-1)];
  if (first === undefined || last === undefined) return null;
  const { calledAt } = state;
  const after = (at: number) => Math.max(0, at - calledAt);
  const wholeMs = Math.max(1, after(last.at));
  const x = (at: number) => ((after(at) / wholeMs) * WIDTH).toFixed(1);
  const y = (count: number) => (HEIGHT - (count / Math.max(1, last.bytes)) * HEIGHT).toFixed(1);
  // Bytes arrive at once, so the total is a staircase.
  const steps = stream.map(({ at, bytes: total }) => `H${x(at)}V${y(total)}`).join('');
  const summary = `first bytes after ${duration(after(first.at))}, ${bytes(last.bytes)} after ${duration(after(last.at))}`;
  return (
    <section class="kept stream">
      <h3>
        Stream <small>{summary}</small>
      </h3>
      <svg
        viewBox={`0 -2 ${WIDTH} ${HEIGHT + 4}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Bytes over time: ${summary}`}
      >
        <path class="area" d={`M0,${HEIGHT}${steps}V${HEIGHT}Z`} />
        <path class="line" d={`M0,${HEIGHT}${steps}`} />
      </svg>
    </section>
  );
}

const WIDTH = 340;
const HEIGHT = 56;
