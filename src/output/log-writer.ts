import type { LogFormat, LogLevel } from '../thread-settings.ts';
import { LOG_LEVELS } from '../thread-settings.ts';
import type { Output } from './output.ts';

/** Takes the lines of a log. */
export interface LogWriter {
  /** @param text without a line break at its end. */
  write(text: string, level: LogLevel, format: LogFormat, epochMs: number): void;
}

/** Writes each text as one line. Line breaks within a text become carriage returns, as in AWS's client. */
export function lineWriter(output: Output): LogWriter {
  return {
    write(text, _level, format) {
      output.write(Buffer.from(`${format === 'JSON' ? text : text.replaceAll('\n', '\r')}\n`));
    },
  };
}

/** Writes each text as one frame. */
export function frameWriter(output: Output): LogWriter {
  return {
    write(text, level, format, epochMs) {
      output.write(frame(format === 'JSON' ? text : `${text}\n`, level, format, epochMs));
    },
  };
}

/**
 * A frame for `_LAMBDA_TELEMETRY_LOG_FD`, as AWS's clients write it. All numbers are big-endian:
 *
 *     4 bytes  type: 0xa55a0002 for JSON, 0xa55a0003 for text, plus 4 × (1 + index of the level, TRACE first)
 *     4 bytes  length of the text, in bytes
 *     8 bytes  time, in µs since 1970
 *     the text
 */
function frame(text: string, level: LogLevel, format: LogFormat, epochMs: number): Uint8Array {
  const length = Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + length);
  const levelBits = 4 * (1 + LOG_LEVELS.indexOf(level));
  bytes.writeUInt32BE(((format === 'JSON' ? JSON_FRAME : TEXT_FRAME) | levelBits) >>> 0, 0);
  bytes.writeUInt32BE(length, 4);
  bytes.writeBigInt64BE(BigInt(epochMs) * 1000n, 8);
  bytes.write(text, HEADER_BYTES);
  return bytes;
}

const HEADER_BYTES = 16;
const JSON_FRAME = 0xa55a0002;
const TEXT_FRAME = 0xa55a0003;
