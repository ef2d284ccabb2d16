import { once } from 'node:events';
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';

/** A connection to the Unix socket that takes log lines. */
export interface LogSocket {
  readonly fd: number;
  /** False if either side has closed the connection. */
  readonly isOpen: boolean;
  close(): void;
}

/** Connects to the socket. Undefined if the connection fails. The connection does not keep the thread alive. */
export async function connectLogSocket(path: string): Promise<LogSocket | undefined> {
  const socket = await connected(path);
  if (socket === undefined) return undefined;
  const fd = descriptorOf(socket);
  if (fd === undefined) return undefined;
  socket.unref();
  return {
    fd,
    get isOpen() {
      return !socket.destroyed;
    },
    close: () => socket.destroy(),
  };
}

async function connected(path: string): Promise<Socket | undefined> {
  try {
    const socket = createConnection(path);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  } catch {
    return undefined;
  }
}

/** Node.js has no public way to write to a socket synchronously; AWS's client uses the same property. */
function descriptorOf(socket: Socket): number | undefined {
  const { _handle: handle } = socket as unknown as { _handle?: { fd?: number } };
  return handle?.fd;
}
