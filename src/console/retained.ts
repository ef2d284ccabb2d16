import type { InvocationReport } from '../observability/observer.ts';
import type { InvocationState, RetainedText, Update } from './messages.ts';

/** An invocation, and what only its detail has. */
export interface RetainedInvocation {
  state: InvocationState;
  readonly event: RetainedText;
  answer: RetainedText | undefined;
  report: InvocationReport | undefined;
  readonly lines: RetainedLines;
}

/** Keeps those that are open, and the last that have ended: what runs is not forgotten because of what came later. */
export class RetainedInvocations {
  readonly #open = new Map<string, RetainedInvocation>();
  /** In the order in which they ended. */
  readonly #ended = new Map<string, RetainedInvocation>();
  readonly #changed = new Set<RetainedInvocation>();
  /** Pages know of these, and have to hear when they are forgotten. */
  readonly #told = new Set<RetainedInvocation>();
  #forgotten: string[] = [];

  /** What comes when too many are open is not kept. */
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

  /** The oldest first. */
  all(): InvocationState[] {
    const all = [...this.#ended.values(), ...this.#open.values()];
    return this.#tell(all).toSorted((a, b) => a.order - b.order);
  }

  /** Those that have changed since the last time that this was called, and the request ids of those forgotten. */
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

/** With at most 48 KiB each that makes 20 MB. */
const MAX_ENDED = 400;
/** More than the 1,600 that can run at once. With at most 32 KiB each that makes 66 MB. */
const MAX_OPEN = 2000;

/** The beginning of what an invocation has logged. */
export class RetainedLines {
  readonly lines: string[] = [];
  /** How many lines were not kept. */
  leftOut = 0;
  #bytes = 0;

  add(line: string): void {
    const room = MAX_RETAINED_BYTES - this.#bytes;
    if (room <= 0) {
      this.leftOut += 1;
      return;
    }
    const { text, bytes, cut } = retainText(line, room);
    // And the line break.
    this.#bytes += bytes + 1;
    this.lines.push(cut ? `${text}…` : text);
  }
}

/** The most bytes that are kept of an event, an answer, and the lines of one invocation. */
const MAX_RETAINED_BYTES = 16 * 1024;

/** Keeps the beginning, as text. */
export function retainText(whole: string | Uint8Array, mostBytes = MAX_RETAINED_BYTES): RetainedText {
  const bytes = Buffer.byteLength(whole);
  const cut = bytes > mostBytes;
  // From bytes, since a part of a string would keep the whole one in memory.
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
