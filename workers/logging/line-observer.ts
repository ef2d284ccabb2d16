import type { LogWriter } from '../../src/output/log-output.ts';
import type { Output } from '../../src/output/output.ts';

/** Wraps writers and outputs to observe their lines. */
export interface LineObserver {
  writer(writer: LogWriter): LogWriter;
  /** @param output receives complete lines. */
  output(output: Output): Output;
  close(): void;
}

/** Observes nothing. */
export const NO_LINE_OBSERVER: LineObserver = {
  writer: (writer) => writer,
  output: (output) => output,
  close: () => undefined,
};

/**
 * Forwards complete lines and buffers an incomplete one until it is complete, so that lines of other threads are not written
 * in between.
 */
export class LineBuffer {
  readonly #output: Output;
  #buffered: Uint8Array[] = [];
  #bufferedBytes = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  write(bytes: Uint8Array): void {
    const end = bytes.lastIndexOf(NEW_LINE) + 1;
    if (end > 0) this.#pass(bytes.subarray(0, end));
    if (end === bytes.length) return;
    // A copy, because the caller may reuse the buffer.
    this.#buffered.push(Uint8Array.from(bytes.subarray(end)));
    this.#bufferedBytes += bytes.length - end;
    if (this.#bufferedBytes > MAX_BUFFERED_BYTES) this.end();
  }

  /** Writes the buffered bytes as a line. */
  end(): void {
    if (this.#bufferedBytes > 0) this.#pass(Uint8Array.of(NEW_LINE));
  }

  #pass(bytes: Uint8Array): void {
    const entry = this.#bufferedBytes === 0 ? bytes : Buffer.concat([...this.#buffered, bytes]);
    this.#buffered = [];
    this.#bufferedBytes = 0;
    this.#output.write(entry);
  }
}

const NEW_LINE = 0x0a;
const MAX_BUFFERED_BYTES = 1024 * 1024;
