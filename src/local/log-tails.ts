import { setTimeout as wait } from 'node:timers/promises';

/** Keeps the end of the log of invocations whose callers requested it (`LogType: Tail`). */
export class LogTails {
  readonly #tails = new Map<string, string>();
  readonly #inFlight: () => number;

  /** @param inFlight returns the number of invocations in flight. */
  constructor(inFlight: () => number) {
    this.#inFlight = inFlight;
  }

  /** Resolves with the result of `act` and the last 4 KiB that the invocation has logged by then, in base64. */
  async keep<Result>(
    requestId: string,
    act: () => Promise<Result>,
  ): Promise<{ readonly result: Result; readonly logTail: string }> {
    this.#tails.set(requestId, '');
    try {
      const result = await act();
      // Log lines arrive on another channel than the answer, possibly later.
      await wait(LATE_LINES_MS);
      const tail = Buffer.from(this.#tails.get(requestId) ?? '').subarray(-TAIL_BYTES);
      return { result, logTail: tail.toString('base64') };
    } finally {
      this.#tails.delete(requestId);
    }
  }

  /**
   * Adds a line to the tail of its invocation. Without `writtenBy`, the request id is read from the line. A line without
   * any request id can be attributed only if a single invocation is in flight.
   */
  add(line: string, writtenBy: string | undefined): void {
    if (this.#tails.size === 0) return;
    const requestId = writtenBy ?? requestIdOf(line) ?? this.#onlyRequestId();
    const tail = requestId === undefined ? undefined : this.#tails.get(requestId);
    if (requestId !== undefined && tail !== undefined) {
      this.#tails.set(requestId, `${tail}${line}\n`.slice(-TAIL_BYTES));
    }
  }

  #onlyRequestId(): string | undefined {
    return this.#inFlight() <= 1 && this.#tails.size === 1 ? [...this.#tails.keys()][0] : undefined;
  }
}

const TAIL_BYTES = 4096;

/** Lines that arrive later are lost to the tail. */
const LATE_LINES_MS = 50;

function requestIdOf(line: string): string | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const { requestId } = JSON.parse(line) as { readonly requestId?: unknown };
    return typeof requestId === 'string' ? requestId : undefined;
  } catch {
    return undefined;
  }
}
