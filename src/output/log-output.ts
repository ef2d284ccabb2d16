import { closeSync } from 'node:fs';
import { LOG_LEVELS } from '../thread-settings.ts';
import type { LogFormat, LogLevel, LogSettings } from '../thread-settings.ts';
import { openNonBlocking, repairFrame, repairLine, writeAsync, writeNow, writeIfOpen } from './descriptor.ts';
import type { LogSocket } from './log-socket.ts';
import { OutputLock } from './output-lock.ts';
import { DropCount, SyncOutput } from './output.ts';
import type { Output, OutputSettings } from './output.ts';
import { QueuedOutput } from './queued-output.ts';

/** The log target, opened for one thread. */
export interface LogOutput {
  readonly writer: LogWriter;
  /** Resolves when all lines have been written. */
  flushed(): Promise<void>;
  close(): void;
}

/**
 * Opens the log target. Falls back to stdout if the socket cannot be connected.
 *
 * @param when `in the background` on the main thread of a runtime with worker threads, which must never wait for a pipe.
 */
export async function openLogOutput(
  settings: LogSettings,
  when: 'at once' | 'in the background',
): Promise<LogOutput> {
  const { target, locks, writerId } = settings;
  const shared = { dropped: new DropCount(settings.dropped), writeTimeoutMs: settings.outputTimeoutMs };
  const open = when === 'at once' ? openSync : openQueued;
  if (target.kind === 'frames') {
    const lock = new OutputLock(locks.frames, writerId);
    const { output, close } = open({ ...shared, fd: target.fd, lock, repair: repairFrame });
    return { writer: frameWriter(output), flushed: () => output.flushed(), close };
  }
  const socket = target.kind === 'socket' ? await connect(target.path) : undefined;
  if (socket === undefined) {
    const lock = new OutputLock(locks.stdout, writerId);
    const { output, close } = open({ ...shared, fd: 1, lock, repair: repairLine });
    return { writer: lineWriter(output), flushed: () => output.flushed(), close };
  }
  // Each thread has its own connection, which is non-blocking, so its lock is not shared.
  const lock = new OutputLock(OutputLock.share(), writerId);
  const socketSettings = { ...shared, fd: socket.fd, lock, repair: repairLine };
  const write = writeIfOpen(() => socket.isOpen);
  const output =
    when === 'at once' ? new SyncOutput(socketSettings, write) : new QueuedOutput(socketSettings, write);
  return { writer: lineWriter(output), flushed: () => output.flushed(), close: () => socket.close() };
}

interface Opened {
  readonly output: Output;
  close(): void;
}

function openSync(settings: OutputSettings): Opened {
  return { output: new SyncOutput(settings), close: () => undefined };
}

function openQueued(settings: OutputSettings): Opened {
  const fd = openNonBlocking(settings.fd);
  if (fd === undefined) return { output: new QueuedOutput(settings, writeAsync), close: () => undefined };
  if (fd === settings.fd) return { output: new QueuedOutput(settings, writeNow), close: () => undefined };
  let isOpen = true;
  return {
    output: new QueuedOutput(
      { ...settings, fd },
      writeIfOpen(() => isOpen),
    ),
    close() {
      isOpen = false;
      closeSync(fd);
    },
  };
}

/** Imports the socket module on demand, because threads do not need `node:net` otherwise. */
async function connect(path: string): Promise<LogSocket | undefined> {
  return (await import('./log-socket.ts')).connectLogSocket(path);
}

/** Writes the lines of a log. */
export interface LogWriter {
  /** @param text without a line break at its end. */
  write(text: string, level: LogLevel, format: LogFormat, epochMs: number): void;
}

/** Writes each text as one line. Line breaks within a text become carriage returns, as in AWS's client. */
function lineWriter(output: Output): LogWriter {
  return {
    write(text, _level, format) {
      output.write(Buffer.from(`${format === 'JSON' ? text : text.replaceAll('\n', '\r')}\n`));
    },
  };
}

/** Writes each text as one frame. */
function frameWriter(output: Output): LogWriter {
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
