import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DropCount } from '../../src/output/output.ts';
import { openLogOutput } from '../../src/output/log-output.ts';
import { shareLocks } from '../../src/output/output-lock.ts';
import type { LogSettings } from '../../src/thread-settings.ts';
import { POLL_OPTIONS } from '../helpers/start-runtime.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import { openPipe, openSocket } from './outlets.ts';

const LINE = 'x'.repeat(100_000);

it('lines that a full pipe did not take are not written to a reused descriptor after close()', async () => {
  await using pipe = await openPipe();
  const before = descriptors();
  const output = await openLogOutput(settings({ kind: 'frames', fd: pipe.fd }), 'in the background');
  const own = descriptors().filter((fd) => !before.includes(fd));
  for (let n = 0; n < 5; n += 1) output.writer.write(LINE, 'INFO', 'JSON', 0);
  await new Promise(setImmediate);
  output.close();
  await using files = await takeDescriptors(own);
  await output.flushed();
  expect(files.contents()).toEqual(own.map(() => ''));
});

it.each(['at once', 'in the background'] as const)(
  'lines for a socket (%s) are not written to a reused descriptor after the peer has closed it',
  async (when) => {
    const before = descriptors();
    const socket = await openSocket();
    const output = await openLogOutput(settings({ kind: 'socket', path: socket.path }), when);
    await expect.poll(() => socket.connections(), POLL_OPTIONS).toBe(1);
    const own = descriptors().filter((fd) => !before.includes(fd));
    await socket[Symbol.asyncDispose]();
    await expect.poll(() => descriptors().filter((fd) => own.includes(fd)), POLL_OPTIONS).toEqual([]);
    await using files = await takeDescriptors(own);
    output.writer.write(LINE, 'INFO', 'JSON', 0);
    await output.flushed();
    expect(files.contents()).toEqual(own.map(() => ''));
  },
);

function settings(target: LogSettings['target']): LogSettings {
  const dropped = DropCount.share();
  return {
    format: 'JSON',
    level: 'TRACE',
    target,
    locks: shareLocks(),
    dropped,
    writerId: 1,
    outputTimeoutMs: 50,
    broadcast: false,
    terminal: undefined,
  };
}

function descriptors(): string[] {
  // Excludes the descriptor of the directory itself.
  return readdirSync('/proc/self/fd').filter((fd) => existsSync(`/proc/self/fd/${fd}`));
}

/** Opens files until they have all these descriptors. */
async function takeDescriptors(
  wanted: readonly string[],
): Promise<AsyncDisposable & { contents: () => string[] }> {
  const root = await makeTaskRoot();
  const opened: number[] = [];
  while (!wanted.every((fd) => opened.includes(Number(fd)))) {
    opened.push(openSync(join(root.path, String(opened.length)), 'w'));
  }
  return {
    contents: () =>
      wanted.map((fd) => readFileSync(join(root.path, String(opened.indexOf(Number(fd)))), 'utf8')),
    async [Symbol.asyncDispose]() {
      for (const fd of opened) closeSync(fd);
      await root[Symbol.asyncDispose]();
    },
  };
}
