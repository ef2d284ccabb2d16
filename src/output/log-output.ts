import type { LogSettings } from '../protocol.ts';
import { DropCount } from './drop-count.ts';
import type { LogSocket } from './log-socket.ts';
import { frameWriter, lineWriter } from './log-writer.ts';
import type { LogWriter } from './log-writer.ts';
import { mendFrame, mendLine } from './mended.ts';
import { OutputLock } from './output-lock.ts';
import { QueuedOutput } from './queued-output.ts';
import { SyncOutput } from './sync-output.ts';

/** Where a log goes, opened for one thread. */
export interface LogOutput {
  readonly writer: LogWriter;
  /** Resolves when all is out. */
  flushed(): Promise<void>;
  close(): void;
}

/**
 * Opens the target of the settings. Where the socket is not there, lines go to stdout: better there than nowhere.
 *
 * @param when the main thread of a runtime with threads writes in the background, since it must never wait for a pipe.
 */
export async function openLogOutput(
  settings: LogSettings,
  when: 'at once' | 'in the background',
): Promise<LogOutput> {
  const { target, locks, writer } = settings;
  const shared = { dropped: new DropCount(settings.dropped), patienceMs: settings.outputTimeoutMs };
  const Output = when === 'at once' ? SyncOutput : QueuedOutput;
  if (target.kind === 'frames') {
    const lock = new OutputLock(locks.frames, writer);
    const output = new Output({ ...shared, fd: target.fd, lock, mend: mendFrame });
    return { writer: frameWriter(output), flushed: () => output.flushed(), close: () => undefined };
  }
  const socket = target.kind === 'socket' ? await connect(target.path) : undefined;
  // Nobody else writes to a connection of this thread's own.
  const lock = new OutputLock(socket === undefined ? locks.stdout : OutputLock.share(), writer);
  const output = new Output({ ...shared, fd: socket?.fd ?? 1, lock, mend: mendLine });
  return {
    writer: lineWriter(output),
    flushed: () => output.flushed(),
    close: () => socket?.close(),
  };
}

/** Threads have no other use for `node:net`. */
async function connect(path: string): Promise<LogSocket | undefined> {
  return (await import('./log-socket.ts')).connectLogSocket(path);
}
