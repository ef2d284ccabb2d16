import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { createServer, Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { LogLine } from '../helpers/process-output.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';

/** Reads lines from one or several streams once it is opened. */
export class LineReader {
  readonly lines: string[] = [];
  /** Resolves when a stream has been read to its end. */
  readonly ended: Promise<void>;
  readonly #end: () => void;
  readonly #streams: Readable[] = [];
  #open = false;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#end = resolve;
  }

  add(stream: Readable): void {
    this.#streams.push(stream);
    let rest = '';
    stream.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      this.lines.push(...parts);
    });
    stream.on('error', () => undefined).on('end', () => this.#end());
    if (!this.#open) stream.pause();
  }

  /** Starts reading, with many short pauses at the beginning. */
  open(): void {
    this.#open = true;
    for (const stream of this.#streams) {
      let pauses = 100;
      stream.on('data', () => {
        if (pauses === 0) return;
        pauses -= 1;
        stream.pause();
        setTimeout(() => stream.resume(), 2);
      });
      stream.resume();
    }
  }

  get parsed(): LogLine[] {
    return this.lines.map((line) => JSON.parse(line) as LogLine);
  }
}

export interface Outlet extends AsyncDisposable {
  readonly reader: LineReader;
}

/** Opens a named pipe, because `fork` connects its child by sockets. */
export async function openPipe(): Promise<Outlet & { readonly fd: number; release(): void }> {
  const root = await makeTaskRoot();
  const path = join(root.path, 'pipe');
  execFileSync('mkfifo', [path]);
  const readEnd = new Socket({
    fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
    readable: true,
    writable: false,
  });
  const fd = openSync(path, 'w');
  const reader = new LineReader();
  reader.add(readEnd);
  return {
    reader,
    fd,
    /** Closes the descriptor; must be called once the child has inherited it. */
    release: () => closeSync(fd),
    async [Symbol.asyncDispose]() {
      readEnd.destroy();
      await root[Symbol.asyncDispose]();
    },
  };
}

/** Opens a socket that accepts log lines, as Lambda does. */
export async function openSocket(): Promise<Outlet & { readonly path: string; connections: () => number }> {
  const root = await makeTaskRoot();
  const path = join(root.path, 'logs.sock');
  const reader = new LineReader();
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    reader.add(socket);
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    reader,
    path,
    connections: () => sockets.length,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await root[Symbol.asyncDispose]();
    },
  };
}
