import type { ServerResponse } from 'node:http';
import type { LiveEvents, Snapshot, Update } from './messages.ts';

/** Where the stream gets what it tells. */
export interface LiveSource {
  snapshot(): Snapshot;
  /** What has changed since the last time; undefined when nothing has. */
  takeUpdate(): Update | undefined;
  /** Somebody listens, or nobody does any more. */
  watched(isWatched: boolean): void;
}

/**
 * Tells all open pages what happens, as server-sent events. A page that reads too slowly is told nothing more until it
 * has read what it was sent; then it gets a snapshot. So what waits for it is never more than a snapshot and an update.
 */
export class LiveStream {
  readonly #source: LiveSource;
  /** Each with whether it has missed an update. */
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
    // What has changed until now is in the snapshot.
    this.#source.takeUpdate();
    this.#timer = setInterval(() => this.#tell(), UPDATE_EVERY_MS).unref();
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

  #tell(): void {
    const update = this.#source.takeUpdate();
    if (update === undefined) return;
    const message = format('update', update);
    for (const [res, reader] of this.#readers) {
      if (res.writableNeedDrain) reader.missed = true;
      else res.write(message);
    }
  }
}

const UPDATE_EVERY_MS = 100;

function send<Name extends keyof LiveEvents>(res: ServerResponse, name: Name, data: LiveEvents[Name]): void {
  res.write(format(name, data));
}

/** JSON has no line breaks of its own. */
function format<Name extends keyof LiveEvents>(name: Name, data: LiveEvents[Name]): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
