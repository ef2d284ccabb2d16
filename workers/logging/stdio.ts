import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import type { Writable } from 'node:stream';
import { repairLine } from '../../src/output/descriptor.ts';
import { DropCount, SyncOutput } from '../../src/output/output.ts';
import { OutputLock } from '../../src/output/output-lock.ts';
import type { LogSettings } from '../../src/thread-settings.ts';
import { replaceFunction } from '../replace-function.ts';
import type { LineObserver } from './line-observer.ts';
import { LineBuffer } from './line-observer.ts';

/**
 * Writes `process.stdout`, `process.stderr` and `node:fs` writes to descriptors 1 and 2 directly to the descriptor, one line at
 * a time. By default, Node.js relays the streams of worker threads through the main thread, and lines can be lost.
 *
 * @returns a function that restores the streams and writes incomplete lines.
 */
export function redirectStdio(
  { locks, dropped, writerId, outputTimeoutMs }: LogSettings,
  lineObserver: LineObserver,
): () => void {
  const open = (fd: number, lock: SharedArrayBuffer) => {
    const output = new SyncOutput({
      fd,
      lock: new OutputLock(lock, writerId),
      repair: repairLine,
      dropped: new DropCount(dropped),
      writeTimeoutMs: outputTimeoutMs,
    });
    return new LineBuffer(lineObserver.output(output));
  };
  const stdout = open(1, locks.stdout);
  const stderr = open(2, locks.stderr);
  const flush = () => {
    stdout.end();
    stderr.end();
  };
  process.on('exit', flush);
  const undo = [
    redirectStream(process.stdout, 1, stdout),
    redirectStream(process.stderr, 2, stderr),
    redirectDescriptors(
      new Map([
        [1, stdout],
        [2, stderr],
      ]),
    ),
  ];
  return () => {
    process.off('exit', flush);
    flush();
    for (const restore of undo) restore();
  };
}

/**
 * Replaces only how the stream writes chunks; its methods, callbacks and events are unchanged. The streams of threads have no
 * descriptor, but packages write to `process.stdout.fd`.
 */
function redirectStream(stream: Writable, fd: number, lines: LineBuffer): () => void {
  const own = {
    fd,
    _write(chunk: string | Uint8Array, encoding: BufferEncoding, callback: () => void) {
      lines.write(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);
      callback();
    },
    _writev: null,
  };
  const before = Object.keys(own).map(
    (name) => [name, Object.getOwnPropertyDescriptor(stream, name)] as const,
  );
  Object.assign(stream, own);
  return () => {
    for (const [name, descriptor] of before) {
      if (descriptor === undefined) Reflect.deleteProperty(stream, name);
      else Reflect.defineProperty(stream, name, descriptor);
    }
  };
}

/** Redirects `fs.write` and `fs.writeSync`, because direct writes would split other lines and fail on a full pipe. */
function redirectDescriptors(outputs: ReadonlyMap<number, LineBuffer>): () => void {
  const { write, writeSync } = fs;
  const replacingSync = (fd: number, data: string | NodeJS.ArrayBufferView, ...rest: unknown[]): number => {
    const lines = outputs.get(fd);
    if (lines === undefined) return Reflect.apply(writeSync, fs, [fd, data, ...rest]) as number;
    const bytes = bytesOf(data, rest);
    lines.write(bytes);
    return bytes.length;
  };
  const replacing = (fd: number, data: string | NodeJS.ArrayBufferView, ...rest: unknown[]): void => {
    const callback = rest.at(-1);
    if (!outputs.has(fd) || typeof callback !== 'function')
      return Reflect.apply(write, fs, [fd, data, ...rest]) as void;
    const written = replacingSync(fd, data, ...rest.slice(0, -1));
    // Synchronously, because pino's default destination buffers all further lines until the callback.
    callback(null, written, data);
  };
  const undo = [replaceFunction(fs, 'writeSync', replacingSync), replaceFunction(fs, 'write', replacing)];
  syncBuiltinESMExports();
  return () => {
    for (const restore of undo) restore();
    syncBuiltinESMExports();
  };
}

/** Parses the parameters after the descriptor in all forms of `fs.write`. */
function bytesOf(data: string | NodeJS.ArrayBufferView, rest: readonly unknown[]): Uint8Array {
  if (typeof data === 'string') {
    const encoding = rest.find((value) => typeof value === 'string') as BufferEncoding | undefined;
    return Buffer.from(data, encoding);
  }
  const [first] = rest;
  const options =
    typeof first === 'object' && first !== null ? (first as { offset?: number; length?: number }) : {};
  const offset = (typeof first === 'number' ? first : options.offset) ?? 0;
  const length = (typeof rest[1] === 'number' ? rest[1] : options.length) ?? data.byteLength - offset;
  return Buffer.from(data.buffer, data.byteOffset + offset, length);
}
