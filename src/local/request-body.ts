import type { IncomingMessage } from 'node:http';

/** The most bytes that an event or a buffered response may have: 6 MiB and 100 bytes. */
export const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024 + 100;

/** The most bytes that a diagnostic may have: 1 MiB. */
export const MAX_ERROR_BYTES = 1024 * 1024;

const EMPTY = Buffer.alloc(0);

/**
 * Reads a request's body and calls `done` once, with `undefined` when it has more than `limitBytes`, and with its size. The
 * whole body is taken either way, so that the connection can go on. `done` is not called if the connection is lost.
 */
export function collectBody(
  req: IncomingMessage,
  limitBytes: number,
  done: (body: Buffer | undefined, size: number) => void,
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  req.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= limitBytes) chunks.push(chunk);
    else chunks.length = 0;
  });
  req.on('end', () => done(size > limitBytes ? undefined : join(chunks, size), size));
}

/** Joins chunks; a single one is taken as it is. */
export function join(chunks: readonly Buffer[], size?: number): Buffer {
  return chunks.length > 1 ? Buffer.concat(chunks, size) : (chunks[0] ?? EMPTY);
}
