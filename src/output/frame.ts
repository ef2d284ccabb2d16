import type { LogFormat, LogLevel } from '../thread-settings.ts';
import { LOG_LEVELS } from '../thread-settings.ts';

/**
 * An entry for `_LAMBDA_TELEMETRY_LOG_FD`, as AWS's clients write it, all numbers big-endian:
 *
 *     4 bytes  what it is: 0xa55a0002 for JSON, 0xa55a0003 for text, with 4 × (1 + the level's place, TRACE first)
 *     4 bytes  length of the text, in bytes
 *     8 bytes  when, in µs since 1970
 *     the text
 */
export function frame(text: string, level: LogLevel, format: LogFormat, epochMs: number): Uint8Array {
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
