import { closeSync, openSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { openLogOutput } from '../../src/output/log-output.ts';
import { shareLocks } from '../../src/output/output-lock.ts';
import { DropCount } from '../../src/output/output.ts';
import type { LogSettings, LogTarget } from '../../src/thread-settings.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import { openSocket } from './outlets.ts';

const settings = (target: LogTarget): LogSettings => ({
  format: 'JSON',
  level: 'INFO',
  target,
  locks: shareLocks(),
  dropped: DropCount.share(),
  writerId: 1,
  outputTimeoutMs: 10_000,
  broadcast: false,
  terminal: undefined,
});
const WAYS = [['at once'], ['in the background']] as const;

it.each(WAYS)('a socket gets lines %s; line breaks within a text become carriage returns', async (when) => {
  await using socket = await openSocket();
  const log = await openLogOutput(settings({ kind: 'socket', path: socket.path }), when);
  log.writer.write('{"message":"JSON"}', 'INFO', 'JSON', 0);
  log.writer.write('two\nlines', 'ERROR', 'TEXT', 0);
  await log.flushed();
  socket.reader.open();
  log.close();
  await socket.reader.ended;
  expect(socket.reader.lines).toEqual(['{"message":"JSON"}', 'two\rlines']);
  expect(socket.connections()).toBe(1);
  // It is closed: its descriptor may belong to another file now.
  log.writer.write('late', 'INFO', 'JSON', 0);
  await log.flushed();
});

it.each(WAYS)(
  'a descriptor for frames gets each text as one frame, %s, with level, length and time',
  async (when) => {
    await using root = await makeTaskRoot();
    const path = `${root.path}/frames`;
    const fd = openSync(path, 'a');
    const log = await openLogOutput(settings({ kind: 'frames', fd }), when);
    log.writer.write('{}', 'TRACE', 'JSON', 1_700_000_000_000);
    log.writer.write('two\nlines ö', 'FATAL', 'TEXT', 1);
    await log.flushed();
    log.close();
    closeSync(fd);
    const bytes = readFileSync(path);
    const first = bytes.subarray(0, 18);
    expect([
      first.readUInt32BE(0),
      first.readUInt32BE(4),
      first.readBigInt64BE(8),
      first.toString('utf8', 16),
    ]).toEqual([0xa55a0006, 2, 1_700_000_000_000_000n, '{}']);
    const second = bytes.subarray(18);
    expect([second.readUInt32BE(0), second.readUInt32BE(4), second.readBigInt64BE(8)]).toEqual([
      0xa55a001b,
      13,
      1_000n,
    ]);
    expect(second.toString('utf8', 16)).toBe('two\nlines ö\n');
  },
);
