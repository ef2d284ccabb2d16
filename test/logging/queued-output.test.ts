import { setTimeout } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { repairLine } from '../../src/output/descriptor.ts';
import { OutputLock } from '../../src/output/output-lock.ts';
import { DropCount, SyncOutput } from '../../src/output/output.ts';
import { QueuedOutput } from '../../src/output/queued-output.ts';

/** What the output does with each call: accepts so many bytes, is full (0), or fails. The last one is repeated. */
type Step = number | Error | (() => number);

let shared: SharedArrayBuffer;
let dropped: DropCount;
let accepted: Uint8Array[];
/** Counts the calls that found the output full. */
let refusals: number;
beforeEach(() => {
  shared = OutputLock.share();
  dropped = new DropCount(DropCount.share());
  accepted = [];
  refusals = 0;
});

const text = (): string => Buffer.concat(accepted).toString();

function settings(owner: number, writeTimeoutMs = 1_000_000) {
  return { fd: 0, lock: new OutputLock(shared, owner), repair: repairLine, dropped, writeTimeoutMs };
}

function writing(...steps: Step[]) {
  let calls = 0;
  return (_fd: number, bytes: Uint8Array, offset: number): number => {
    const step = steps[Math.min(calls, steps.length - 1)] ?? Infinity;
    calls += 1;
    if (step instanceof Error) throw step;
    const room = typeof step === 'function' ? step() : step;
    if (room === 0) refusals += 1;
    const taken = bytes.subarray(offset, Math.min(bytes.length, offset + room));
    accepted.push(taken);
    return taken.length;
  };
}

function write(output: QueuedOutput, ...lines: string[]): Promise<void> {
  for (const line of lines) output.write(Buffer.from(line));
  return output.flushed();
}

it('the lines of one turn of the event loop are written by one call, in their order', async () => {
  const output = new QueuedOutput(settings(1), writing());
  await write(output, 'one\n', 'two\n', 'three\n');
  expect(accepted.map(String)).toEqual(['one\ntwo\nthree\n']);
  expect(dropped.take()).toBe(0);
});

it('a full output is tried again until it takes all', async () => {
  const output = new QueuedOutput(settings(1), writing(0, 0, 3, 0, 2, Infinity));
  await write(output, 'one\n', 'two\n');
  expect(text()).toBe('one\ntwo\n');
  expect(refusals).toBe(3);
});

it('waits for another writer that holds the lock', async () => {
  const other = new OutputLock(shared, 2);
  other.acquire(10);
  const output = new QueuedOutput(settings(1), writing());
  const flushed = write(output, 'line\n');
  await setTimeout(20);
  expect(text()).toBe('');
  other.release();
  await flushed;
  expect(text()).toBe('line\n');
});

it('holds 16 MiB in memory while nobody reads, and drops and counts lines beyond that', async () => {
  const MIB = 1024 * 1024;
  let isFull = true;
  const output = new QueuedOutput(
    settings(1),
    writing(() => (isFull ? 0 : Infinity)),
  );
  for (let n = 0; n < 16; n += 1) output.write(Buffer.alloc(MIB, 'x'));
  output.write(Buffer.from('too much\n'));
  expect(dropped.take()).toBe(1);
  isFull = false;
  await output.flushed();
  expect(accepted.reduce((sum, { length }) => sum + length, 0)).toBe(16 * MIB);
  await write(output, 'there is room again\n');
  expect(dropped.take()).toBe(0);
});

it('loses the lines of a failed write, and writes later ones', async () => {
  const output = new QueuedOutput(settings(1), writing(new Error('EPIPE'), Infinity));
  await write(output, 'lost\n');
  await write(output, 'kept\n');
  expect(text()).toBe('kept\n');
  expect(new OutputLock(shared, 2).tryAcquire()).toBe(true);
});

describe('a reader that stops in the middle of a line', () => {
  const LONG = `${'long '.repeat(2_000)}\n`;

  it('costs the rest of the line after the timeout; the next line is whole', async () => {
    const output = new QueuedOutput(settings(1, 1), writing(5, 0, 0, Infinity));
    await write(output, 'first line\n', 'second line\n');
    expect(text()).toBe('first\nsecond line\n');
    expect(dropped.take()).toBe(1);
  });

  it('is not waited for again until it certainly reads', async () => {
    const output = new QueuedOutput(settings(1), writing(3, 0, 3, 0, Infinity));
    new OutputLock(shared, 1).markReaderStalled(LONG.length);
    // With this timeout, waiting for either line would take longer than the test may take.
    await write(output, 'first line\n', LONG);
    expect(text()).toBe('fir\nlo');
    expect(dropped.take()).toBe(2);
    await write(output, 'last\n');
    expect(text()).toBe('fir\nlo\nlast\n');
  });
});

describe('a writer that has taken over the lock in the middle of a line', () => {
  const other = (): SyncOutput => new SyncOutput(settings(2), writing());
  const takeOver = (): void => {
    OutputLock.releaseFor(shared, 1);
    other().write(Buffer.from('other\n'));
  };

  it('completes the line, whose rest is dropped and counted', async () => {
    const output = new QueuedOutput(settings(1), (_fd, bytes, offset) => {
      accepted.push(bytes.subarray(offset, offset + 5));
      if (accepted.length === 1) {
        takeOver();
        return 5;
      }
      return bytes.length - offset;
    });
    await write(output, 'first line\n');
    expect(text()).toBe('first\nother\n');
    expect(dropped.take()).toBe(1);
  });

  it('drops nothing if the whole line had been written', async () => {
    const output = new QueuedOutput(settings(1), (_fd, bytes) => {
      accepted.push(bytes);
      takeOver();
      return bytes.length;
    });
    await write(output, 'line\n');
    expect(dropped.take()).toBe(0);
    expect(new OutputLock(shared, 3).tryAcquire()).toBe(true);
  });
});
