import { closeSync } from 'node:fs';
import type { LogSettings } from '../thread-settings.ts';
import { DropCount } from './output.ts';
import type { LogSocket } from './log-socket.ts';
import { frameWriter, lineWriter } from './log-writer.ts';
import type { LogWriter } from './log-writer.ts';
import { repairFrame, repairLine } from './partial-write-repair.ts';
import { openNeverBlocking } from './descriptor.ts';
import { OutputLock } from './output-lock.ts';
import type { Output, OutputSettings } from './output.ts';
import { QueuedOutput } from './queued-output.ts';
import { SyncOutput } from './sync-output.ts';
import { writeInPool, writeNow, writeWhile } from './descriptor.ts';

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
  const shared = { dropped: new DropCount(settings.dropped), writeTimeoutMs: settings.outputTimeoutMs };
  const open = when === 'at once' ? openSync : openQueued;
  if (target.kind === 'frames') {
    const lock = new OutputLock(locks.frames, writer);
    const { output, close } = open({ ...shared, fd: target.fd, lock, repair: repairFrame });
    return { writer: frameWriter(output), flushed: () => output.flushed(), close };
  }
  const socket = target.kind === 'socket' ? await connect(target.path) : undefined;
  if (socket === undefined) {
    const lock = new OutputLock(locks.stdout, writer);
    const { output, close } = open({ ...shared, fd: 1, lock, repair: repairLine });
    return { writer: lineWriter(output), flushed: () => output.flushed(), close };
  }
  // Nobody else writes to a connection of this thread's own, and no write to it waits.
  const lock = new OutputLock(OutputLock.share(), writer);
  const own = { ...shared, fd: socket.fd, lock, repair: repairLine };
  const write = writeWhile(() => socket.isOpen);
  const output = when === 'at once' ? new SyncOutput(own, write) : new QueuedOutput(own, write);
  return { writer: lineWriter(output), flushed: () => output.flushed(), close: () => socket.close() };
}

interface Opened {
  readonly output: Output;
  close(): void;
}

function openSync(settings: OutputSettings): Opened {
  return { output: new SyncOutput(settings), close: () => undefined };
}

function openQueued(settings: OutputSettings): Opened {
  const fd = openNeverBlocking(settings.fd);
  if (fd === undefined) return { output: new QueuedOutput(settings, writeInPool), close: () => undefined };
  if (fd === settings.fd) return { output: new QueuedOutput(settings, writeNow), close: () => undefined };
  let isOpen = true;
  return {
    output: new QueuedOutput(
      { ...settings, fd },
      writeWhile(() => isOpen),
    ),
    close() {
      isOpen = false;
      closeSync(fd);
    },
  };
}

/** Threads have no other use for `node:net`. */
async function connect(path: string): Promise<LogSocket | undefined> {
  return (await import('./log-socket.ts')).connectLogSocket(path);
}
