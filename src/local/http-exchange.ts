import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Promise } from '../builtins.ts';

/** A complete HTTP response. `headers` is a flat list of names and values, including the content length. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: string[];
  readonly body: string | Uint8Array;
}

/** One HTTP request and the function that answers it. A fault may replace `reply`. */
export interface HttpExchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly reply: (answer: HttpAnswer) => void;
}

/** Creates a response with a JSON body. */
export function jsonAnswer(status: number, value: unknown, headers: readonly string[] = []): HttpAnswer {
  return bytesAnswer(status, JSON.stringify(value), ['Content-Type', 'application/json', ...headers]);
}

/** Creates a response with a body of bytes, or of text that is sent as UTF-8. */
export function bytesAnswer(
  status: number,
  body: string | Uint8Array,
  headers: readonly string[],
): HttpAnswer {
  return { status, headers: [...headers, 'Content-Length', String(Buffer.byteLength(body))], body };
}

/** Creates an error response of the Runtime API or the Extensions API: `{errorType, errorMessage}`. */
export function refusal(status: number, errorType: string, errorMessage: string): HttpAnswer {
  return jsonAnswer(status, { errorType, errorMessage });
}

/** The Runtime API's response to every request that it accepts. */
export const ACCEPTED: HttpAnswer = jsonAnswer(202, { status: 'OK' });

/** Returns a signal that aborts when the caller disconnects before it has received the response. */
export function whenDisconnected(res: ServerResponse): AbortSignal {
  const gone = new AbortController();
  res.once('close', () => {
    if (!res.writableFinished) gone.abort();
  });
  return gone.signal;
}

export function sendAnswer(res: ServerResponse, answer: HttpAnswer): void {
  res.sendDate = false;
  res.writeHead(answer.status, answer.headers);
  res.end(answer.body);
}

/** The maximum size of an event or a buffered response: 6 MiB and 100 bytes. */
export const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024 + 100;

/** The maximum size of an error body: 1 MiB. */
export const MAX_ERROR_BYTES = 1024 * 1024;

const EMPTY = Buffer.alloc(0);

/**
 * Reads a request's body and calls `done` once with the body and its size; the body is `undefined` if it exceeds
 * `limitBytes`. It always reads the whole body, so that the connection can be reused. If the connection is lost, `done` is
 * not called.
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

/** Concatenates chunks. A single chunk is not copied. */
export function join(chunks: readonly Buffer[], size?: number): Buffer {
  return chunks.length > 1 ? Buffer.concat(chunks, size) : (chunks[0] ?? EMPTY);
}

/** Decodes one segment of a URL's path. Returns it unchanged if its encoding is invalid. */
export function decodePathPart(part: string): string {
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Decodes a header's value as UTF-8, as AWS does. Node decodes headers as Latin-1; a value that is not UTF-8 keeps that. */
export function headerText(value: string): string {
  const bytes = Buffer.from(value, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : value;
}

/** Writes bytes. Returns a promise for when the reader can accept more; undefined if it can already. */
export function writeWithBackpressure(res: ServerResponse, bytes: Uint8Array): Promise<void> | undefined {
  if (res.destroyed || res.write(bytes)) return undefined;
  return new Promise((resolve) => {
    const done = () => {
      res.off('drain', done).off('close', done);
      resolve();
    };
    res.once('drain', done).once('close', done);
  });
}
