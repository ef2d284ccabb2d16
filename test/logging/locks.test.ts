import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { DropCount, SyncOutput } from '../../src/output/output.ts';
import { repairLine } from '../../src/output/descriptor.ts';
import { OutputLock } from '../../src/output/output-lock.ts';
import type { ContenderData } from '../fixtures/output/contender.ts';
import type { StoppedWriterData } from '../fixtures/output/stopped-writer.ts';
import { threadCount } from '../faults/fault-runtime.ts';
import { POLL_OPTIONS, startBootstrap } from '../helpers/start-runtime.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import { openPipe } from './outlets.ts';

it('a thread that is killed while it writes blocks no others, and truncates only its line', async () => {
  await using pipe = await openPipe();
  const options = {
    concurrency: 4,
    deadlineMarginMs: 19_500,
    deadlineGraceMs: 0,
    // No thread takes the lock over: the main thread has to release it.
    outputTimeoutMs: 1_000_000,
  };
  await using runtime = await startBootstrap('logs.mjs', options, {
    stdio: ['ignore', pipe.fd, 'pipe', 'ipc'],
  });
  pipe.release();
  await runtime.whenPolling(4);
  await runtime.invoke({ do: 'text', text: 'warm' });
  const threads = await threadCount(runtime.child.pid);
  const text = 'x'.repeat(300_000);
  // The thread fills the pipe, and holds the lock while it waits to write the rest of its line.
  const error = await runtime.failure({ do: 'text', text }, { requestId: 'killed', timeoutMs: 20_000 });
  expect(error.error).toMatchObject({ errorType: 'Runtime.DeadlineExceeded' });
  await runtime.whenPolling(4);
  // The thread blocks its event loop, and is terminated.
  await expect.poll(() => threadCount(runtime.child.pid), POLL_OPTIONS).toBe(threads);
  const others = ['a', 'b', 'c'].map((requestId) =>
    runtime.invoke({ do: 'text', text }, { requestId, timeoutMs: 200_000 }),
  );
  await expect.poll(() => runtime.api.inFlight, POLL_OPTIONS).toBe(3);
  pipe.reader.open();
  await Promise.all(others);
  const long = () => pipe.reader.lines.filter((line) => line.includes('xxx'));
  await expect.poll(() => long().length, POLL_OPTIONS).toBe(4);
  const [torn, ...whole] = long();
  expect(torn).toMatch(/"requestId":"killed","message":"x+$/);
  const lines = whole.map((line) => JSON.parse(line) as { requestId: string; message: string });
  expect(lines.map(({ requestId }) => requestId).toSorted()).toEqual(['a', 'b', 'c']);
  expect(lines.every(({ message }) => message === text)).toBe(true);
});

it('a lock is taken over from an owner that makes no progress', () => {
  const shared = OutputLock.share();
  const [owner, other, third] = [1, 2, 3].map((id) => new OutputLock(shared, id)) as [
    OutputLock,
    OutputLock,
    OutputLock,
  ];
  owner.acquire(10);
  expect(other.tryAcquire()).toBe(false);
  other.acquire(10);
  expect(third.tryAcquire()).toBe(false);
  other.release();
  expect(third.tryAcquire()).toBe(true);
});

it('releaseFor() releases a lock only on behalf of its owner', () => {
  const shared = OutputLock.share();
  const [owner, other] = [new OutputLock(shared, 1), new OutputLock(shared, 2)];
  owner.acquire(10);
  OutputLock.releaseFor(shared, 2);
  expect(other.tryAcquire()).toBe(false);
  OutputLock.releaseFor(shared, 1);
  expect(other.tryAcquire()).toBe(true);
});

it('only one of the threads that contend for a lock holds it at a time', async () => {
  const threads = 2;
  const turns = 2_000;
  const counts = new Int32Array(new SharedArrayBuffer(12));
  counts[2] = threads;
  const lock = OutputLock.share();
  const workers = Array.from({ length: threads }, (_, n) => {
    const data: ContenderData = { lock, counts: counts.buffer, owner: n + 1, turns };
    return start('contender.ts', data);
  });
  await Promise.all(workers.map((worker) => once(worker, 'exit')));
  expect([...counts]).toEqual([threads * turns, 0, 0]);
});

it('a writer that resumes after its lock was taken over does not disturb the new owner', async () => {
  await using root = await makeTaskRoot();
  const path = join(root.path, 'lines.log');
  const fd = openSync(path, 'a');
  const data: StoppedWriterData = {
    fd,
    lock: OutputLock.share(),
    dropped: DropCount.share(),
    gates: new SharedArrayBuffer(12),
  };
  const gates = new Int32Array(data.gates);
  const whenOpen = async (gate: number) => {
    const waiting = Atomics.waitAsync(gates, gate, 0);
    if (waiting.async) await waiting.value;
  };
  const stopped = start('stopped-writer.ts', data);
  const exited = once(stopped, 'exit');
  await whenOpen(0);

  const lock = new OutputLock(data.lock, 2);
  lock.acquire(10);
  const dropped = new DropCount(data.dropped);
  const settings = { fd, lock, repair: repairLine, dropped, writeTimeoutMs: 1 };
  let tried = 0;
  let thirdHasIt: boolean | undefined;
  const output = new SyncOutput(settings, (fd, bytes, offset) => {
    tried += 1;
    const written = writeSync(fd, bytes, offset, Math.min(5, bytes.length - offset));
    if (tried > 1) return written;
    // The stopped thread resumes in the middle of this entry, and runs to its end.
    Atomics.store(gates, 1, 1);
    Atomics.notify(gates, 1);
    Atomics.wait(gates, 2, 0, POLL_OPTIONS.timeout);
    thirdHasIt = new OutputLock(data.lock, 3).tryAcquire();
    return written;
  });
  output.write(Buffer.from('second line\n'));
  await exited;
  closeSync(fd);
  expect(thirdHasIt).toBe(false);
  expect(readFileSync(path, 'utf8')).toBe('first\nsecond line\n');
  expect(dropped.take()).toBe(1);
  expect(new OutputLock(data.lock, 3).tryAcquire()).toBe(true);
});

function start(file: string, workerData: ContenderData | StoppedWriterData): Worker {
  return new Worker(new URL(`../fixtures/output/${file}`, import.meta.url), { workerData });
}
