import type { LogWriter } from '../../src/output/log-output.ts';
import type { Output } from '../../src/output/output.ts';

/** Stands before what lines are written to. */
export interface LineObserver {
  writer(writer: LogWriter): LogWriter;
  /** @param output takes whole lines. */
  output(output: Output): Output;
  close(): void;
}

/** Sees nothing, and costs nothing. */
export const NO_LINE_OBSERVER: LineObserver = {
  writer: (writer) => writer,
  output: (output) => output,
  close: () => undefined,
};

/**
 * Passes on what is written as far as it is whole lines; keeps the rest until its line is complete, so that no other
 * thread's line comes in between.
 */
export class LineBuffer {
  readonly #output: Output;
  #kept: Uint8Array[] = [];
  #keptBytes = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  write(bytes: Uint8Array): void {
    const end = bytes.lastIndexOf(NEW_LINE) + 1;
    if (end > 0) this.#pass(bytes.subarray(0, end));
    if (end === bytes.length) return;
    // A copy: it belongs to the caller.
    this.#kept.push(Uint8Array.from(bytes.subarray(end)));
    this.#keptBytes += bytes.length - end;
    if (this.#keptBytes > LONGEST_KEPT_BYTES) this.end();
  }

  /** Writes what is left as a line. */
  end(): void {
    if (this.#keptBytes > 0) this.#pass(Uint8Array.of(NEW_LINE));
  }

  #pass(bytes: Uint8Array): void {
    const entry = this.#keptBytes === 0 ? bytes : Buffer.concat([...this.#kept, bytes]);
    this.#kept = [];
    this.#keptBytes = 0;
    this.#output.write(entry);
  }
}

const NEW_LINE = 0x0a;
const LONGEST_KEPT_BYTES = 1024 * 1024;
