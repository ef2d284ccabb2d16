import type { LogWriter } from '../../src/output/log-writer.ts';
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
