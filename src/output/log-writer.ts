import type { LogFormat, LogLevel } from '../thread-settings.ts';
import { frame } from './frame.ts';
import type { Output } from './output.ts';

/** Takes the lines of a log. */
export interface LogWriter {
  /** @param text without a line break at its end. */
  write(text: string, level: LogLevel, format: LogFormat, epochMs: number): void;
}

/** Each on a line of its own, for which line breaks within a text become carriage returns, as AWS's client has it. */
export function lineWriter(output: Output): LogWriter {
  return {
    write(text, _level, format) {
      output.write(Buffer.from(`${format === 'JSON' ? text : text.replaceAll('\n', '\r')}\n`));
    },
  };
}

/** Each in a frame. */
export function frameWriter(output: Output): LogWriter {
  return {
    write(text, level, format, epochMs) {
      output.write(frame(format === 'JSON' ? text : `${text}\n`, level, format, epochMs));
    },
  };
}
