import type { InvocationReport } from '../observability/observer.ts';
import type { CallerAnswer, InvocationState, RetainedText, StreamedBytes, Update } from './messages.ts';

/** An invocation with its details. */
export interface RetainedInvocation {
  state: InvocationState;
  readonly event: RetainedText;
  answer: RetainedText | undefined;
  caller: CallerAnswer | undefined;
  errorMessage: string | undefined;
  readonly stream: RetainedStream;
  report: InvocationReport | undefined;
  readonly lines: RetainedLines;
}

/** Retains open invocations and the most recently ended ones. Ended invocations never displace open ones. */
export class RetainedInvocations {
  readonly #open = new Map<string, RetainedInvocation>();
  /** Ended invocations, in the order in which they ended. */
  readonly #ended = new Map<string, RetainedInvocation>();
  readonly #changed = new Set<RetainedInvocation>();
  /** Request ids that pages know. Pages must be notified when these are no longer retained. */
  readonly #told = new Set<RetainedInvocation>();
  #forgotten: string[] = [];

  /** An invocation that arrives while too many are open is not retained. */
  add(invocation: RetainedInvocation): void {
    const { requestId } = invocation.state;
    const before = this.get(requestId);
    if (before !== undefined) this.#forget(before);
    if (this.#open.size >= MAX_OPEN) return;
    this.#open.set(requestId, invocation);
    this.#changed.add(invocation);
  }

  get(requestId: string): RetainedInvocation | undefined {
    return this.#open.get(requestId) ?? this.#ended.get(requestId);
  }

  update(invocation: RetainedInvocation, changes: Partial<InvocationState>): void {
    invocation.state = { ...invocation.state, ...changes };
    const { requestId, endedAt } = invocation.state;
    if (this.get(requestId) !== invocation) return;
    this.#changed.add(invocation);
    if (endedAt === undefined || !this.#open.delete(requestId)) return;
    this.#ended.set(requestId, invocation);
    const [oldest] = this.#ended.values();
    if (this.#ended.size > MAX_ENDED && oldest !== undefined) this.#forget(oldest);
  }

  /** Returns all invocations, oldest first. */
  all(): InvocationState[] {
    const all = [...this.#ended.values(), ...this.#open.values()];
    return this.#tell(all).toSorted((a, b) => a.order - b.order);
  }

  /** Returns the invocations that have changed since the previous call, and the request ids no longer retained. */
  takeChanges(): Pick<Update, 'invocations' | 'forgotten'> {
    const changes = { invocations: this.#tell(this.#changed), forgotten: this.#forgotten };
    this.#changed.clear();
    this.#forgotten = [];
    return changes;
  }

  #tell(invocations: Iterable<RetainedInvocation>): InvocationState[] {
    return Array.from(invocations, (each) => {
      this.#told.add(each);
      return each.state;
    });
  }

  #forget(invocation: RetainedInvocation): void {
    const { requestId } = invocation.state;
    this.#open.delete(requestId);
    this.#ended.delete(requestId);
    this.#changed.delete(invocation);
    if (this.#told.delete(invocation)) this.#forgotten.push(requestId);
  }
}

/** At up to 48 KiB each, these take up to 20 MB. */
const MAX_ENDED = 400;
/** More than the maximum concurrency of 1,600. At up to 32 KiB each, these take up to 66 MB. */
const MAX_OPEN = 2000;

/** The first log lines of an invocation. */
export class RetainedLines {
  readonly lines: string[] = [];
  /** The number of lines that were not retained. */
  leftOut = 0;
  #bytes = 0;

  add(line: string): void {
    const room = MAX_RETAINED_BYTES - this.#bytes;
    if (room <= 0) {
      this.leftOut += 1;
      return;
    }
    const { text, bytes, cut } = retainText(line, room);
    // Adds the line break.
    this.#bytes += bytes + 1;
    this.lines.push(cut ? `${text}…` : text);
  }
}

/** The maximum number of bytes retained of an event, of an answer, and of the lines of one invocation. */
const MAX_RETAINED_BYTES = 16 * 1024;

/** Retains the beginning of a text. */
export function retainText(whole: string | Uint8Array, mostBytes = MAX_RETAINED_BYTES): RetainedText {
  const bytes = Buffer.byteLength(whole);
  const cut = bytes > mostBytes;
  // Converts from bytes, because a substring would keep the whole string in memory.
  const text = typeof whole === 'string' && !cut ? whole : beginning(whole, mostBytes).toString();
  return { text, bytes, cut };
}

function beginning(whole: string | Uint8Array, mostBytes: number): Buffer {
  const bytes =
    typeof whole === 'string'
      ? Buffer.from(whole.slice(0, mostBytes))
      : Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength);
  return bytes.subarray(0, mostBytes);
}

/** The progress of a streaming response. With many chunks, fewer points are retained: always the first and the last. */
export class RetainedStream {
  #points: StreamedBytes[] = [];
  #minIntervalMs = 0;

  get points(): readonly StreamedBytes[] {
    return this.#points;
  }

  add(at: number, more: number): void {
    const last = this.#points.at(-1);
    const bytes = (last?.bytes ?? 0) + more;
    const before = this.#points.at(-2);
    if (before !== undefined && at - before.at < this.#minIntervalMs) this.#points.pop();
    this.#points.push({ at, bytes });
    if (this.#points.length > MAX_POINTS) this.#thinOut();
  }

  #thinOut(): void {
    const [first, last] = [this.#points[0], this.#points.at(-1)];
    this.#points = this.#points.filter(
      (point, index) => point === first || point === last || index % 2 === 0,
    );
    if (first !== undefined && last !== undefined)
      this.#minIntervalMs = (last.at - first.at) / (MAX_POINTS / 2);
  }
}

const MAX_POINTS = 200;
