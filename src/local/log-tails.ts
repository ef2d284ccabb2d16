import { setTimeout as wait } from 'node:timers/promises';

/** The end of what each invocation has logged, for callers that ask for it. */
export class LogTails {
  readonly #tails = new Map<string, string>();
  readonly #inFlight: () => number;

  /** @param inFlight how many invocations are. */
  constructor(inFlight: () => number) {
    this.#inFlight = inFlight;
  }

  /** Resolves with what `act` does, and the last 4 KiB of what is logged under the request id until then, in base64. */
  async keep<Result>(
    requestId: string,
    act: () => Promise<Result>,
  ): Promise<{ readonly result: Result; readonly logTail: string }> {
    this.#tails.set(requestId, '');
    try {
      const result = await act();
      // Lines come by another way than the answer.
      await wait(LATE_LINES_MS);
      const tail = Buffer.from(this.#tails.get(requestId) ?? '').subarray(-TAIL_BYTES);
      return { result, logTail: tail.toString('base64') };
    } finally {
      this.#tails.delete(requestId);
    }
  }

  /**
   * Takes a line, with the request id of whose code has written it, where that is known. One that names no request
   * either can only be told apart if nothing else runs.
   */
  add(line: string, writtenBy: string | undefined): void {
    if (this.#tails.size === 0) return;
    const requestId = writtenBy ?? requestIdOf(line) ?? this.#only();
    const tail = requestId === undefined ? undefined : this.#tails.get(requestId);
    if (requestId !== undefined && tail !== undefined) {
      this.#tails.set(requestId, `${tail}${line}\n`.slice(-TAIL_BYTES));
    }
  }

  #only(): string | undefined {
    return this.#inFlight() <= 1 && this.#tails.size === 1 ? [...this.#tails.keys()][0] : undefined;
  }
}

const TAIL_BYTES = 4096;

/** What comes later than that is not waited for. */
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
