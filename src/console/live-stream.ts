import type { ServerResponse } from 'node:http';
import type { LiveEvents, Snapshot, Update } from './messages.ts';

/** The source of the stream's data. */
export interface LiveSource {
  snapshot(): Snapshot;
  /** Returns what has changed since the previous call; undefined if nothing has. */
  takeUpdate(): Update | undefined;
  /** Called when the first page connects (true) and when the last one disconnects (false). */
  watched(isWatched: boolean): void;
}

/**
 * Sends updates to all open pages as server-sent events. A page that reads too slowly gets no updates until its
 * connection has drained, then a snapshot. This bounds the buffered data per page to one snapshot and one update.
 */
export class LiveStream {
  readonly #source: LiveSource;
  /** Each connection, with whether it has missed an update. */
  readonly #readers = new Map<ServerResponse, { missed: boolean }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(source: LiveSource) {
    this.#source = source;
  }

  add(res: ServerResponse): void {
    if (this.#readers.size === 0) this.#start();
    const reader = { missed: false };
    this.#readers.set(res, reader);
    res.once('close', () => this.#remove(res));
    res.on('drain', () => {
      if (!reader.missed) return;
      reader.missed = false;
      send(res, 'snapshot', this.#source.snapshot());
    });
    res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    send(res, 'snapshot', this.#source.snapshot());
  }

  close(): void {
    for (const res of this.#readers.keys()) res.end();
    this.#stop();
  }

  #start(): void {
    this.#source.watched(true);
    // Discards earlier changes, because the snapshot includes them.
    this.#source.takeUpdate();
    this.#timer = setInterval(() => this.#sendUpdate(), UPDATE_INTERVAL_MS).unref();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#source.watched(false);
  }

  #remove(res: ServerResponse): void {
    this.#readers.delete(res);
    if (this.#readers.size === 0) this.#stop();
  }

  #sendUpdate(): void {
    const update = this.#source.takeUpdate();
    if (update === undefined) return;
    const message = format('update', update);
    for (const [res, reader] of this.#readers) {
      if (res.writableNeedDrain) reader.missed = true;
      else res.write(message);
    }
  }
}

const UPDATE_INTERVAL_MS = 100;

function send<Name extends keyof LiveEvents>(res: ServerResponse, name: Name, data: LiveEvents[Name]): void {
  res.write(format(name, data));
}

/** A line break would end the data field. JSON.stringify emits none. */
function format<Name extends keyof LiveEvents>(name: Name, data: LiveEvents[Name]): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
