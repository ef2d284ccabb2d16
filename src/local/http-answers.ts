import type { IncomingMessage, ServerResponse } from 'node:http';

/** A complete HTTP answer; `headers` is a flat list of names and values, content length included. */
export interface Answer {
  readonly status: number;
  readonly headers: string[];
  readonly body: string | Uint8Array;
}

/** One HTTP request and the way to answer it. A fault may put another `reply` in its place. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly reply: (answer: Answer) => void;
}

/** Makes an {@link Answer} of a value that is sent as JSON. */
export function jsonAnswer(status: number, value: unknown, headers: readonly string[] = []): Answer {
  return bytesAnswer(status, JSON.stringify(value), ['Content-Type', 'application/json', ...headers]);
}

/** Makes an {@link Answer} of bytes (or of text, sent as UTF-8). */
export function bytesAnswer(status: number, body: string | Uint8Array, headers: readonly string[]): Answer {
  return { status, headers: [...headers, 'Content-Length', String(Buffer.byteLength(body))], body };
}

/** Makes the refusal that the Runtime API and the Extensions API send: `{errorType, errorMessage}`. */
export function refusal(status: number, errorType: string, errorMessage: string): Answer {
  return jsonAnswer(status, { errorType, errorMessage });
}

/** What the Runtime API answers to everything that it accepts. */
export const ACCEPTED: Answer = jsonAnswer(202, { status: 'OK' });

/** Aborts when the caller has gone before it had its answer. */
export function whenGone(res: ServerResponse): AbortSignal {
  const gone = new AbortController();
  res.once('close', () => {
    if (!res.writableFinished) gone.abort();
  });
  return gone.signal;
}

/** Writes an answer in one go. */
export function sendAnswer(res: ServerResponse, answer: Answer): void {
  res.sendDate = false;
  res.writeHead(answer.status, answer.headers);
  res.end(answer.body);
}
