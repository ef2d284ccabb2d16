import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Promise } from '../builtins.ts';

/** A complete HTTP answer; `headers` is a flat list of names and values, content length included. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: string[];
  readonly body: string | Uint8Array;
}

/** One HTTP request and the way to answer it. A fault may put another `reply` in its place. */
export interface HttpExchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly reply: (answer: HttpAnswer) => void;
}

/** Makes an {@link HttpAnswer} of a value that is sent as JSON. */
export function jsonAnswer(status: number, value: unknown, headers: readonly string[] = []): HttpAnswer {
  return bytesAnswer(status, JSON.stringify(value), ['Content-Type', 'application/json', ...headers]);
}

/** Makes an {@link HttpAnswer} of bytes (or of text, sent as UTF-8). */
export function bytesAnswer(
  status: number,
  body: string | Uint8Array,
  headers: readonly string[],
): HttpAnswer {
  return { status, headers: [...headers, 'Content-Length', String(Buffer.byteLength(body))], body };
}

/** Makes the refusal that the Runtime API and the Extensions API send: `{errorType, errorMessage}`. */
export function refusal(status: number, errorType: string, errorMessage: string): HttpAnswer {
  return jsonAnswer(status, { errorType, errorMessage });
}

/** What the Runtime API answers to everything that it accepts. */
export const ACCEPTED: HttpAnswer = jsonAnswer(202, { status: 'OK' });

/** Aborts when the caller has gone before it had its answer. */
export function whenGone(res: ServerResponse): AbortSignal {
  const gone = new AbortController();
  res.once('close', () => {
    if (!res.writableFinished) gone.abort();
  });
  return gone.signal;
}

/** Writes an answer in one go. */
export function sendAnswer(res: ServerResponse, answer: HttpAnswer): void {
  res.sendDate = false;
  res.writeHead(answer.status, answer.headers);
  res.end(answer.body);
}

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

/** Decodes one part of a URL's path; one that is not well encoded stays as it is. */
export function decodePathPart(part: string): string {
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** A header's value as AWS hands it on: as UTF-8. Node reads a character for each byte, which stays where it is not that. */
export function headerText(value: string): string {
  const bytes = Buffer.from(value, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : value;
}

/** Writes, and returns what resolves when the reader can take more; undefined if it can already. */
export function pacedWrite(res: ServerResponse, bytes: Uint8Array): Promise<void> | undefined {
  if (res.destroyed || res.write(bytes)) return undefined;
  return new Promise((resolve) => {
    const goOn = () => {
      res.off('drain', goOn).off('close', goOn);
      resolve();
    };
    res.once('drain', goOn).once('close', goOn);
  });
}
