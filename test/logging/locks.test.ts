import { expect, it } from 'vitest';
import { OutputLock } from '../../src/output/output-lock.ts';
import { PATIENTLY, startBootstrap } from '../helpers/start-runtime.ts';
import { openPipe } from './outlets.ts';

it('a thread that is killed while it writes does not hold up the others, and tears no line but its own', async () => {
  await using pipe = await openPipe();
  const options = {
    concurrency: 4,
    deadlineMarginMs: 19_500,
    deadlineGraceMs: 0,
    // Nobody helps himself: the main thread has to give the lock back.
    outputTimeoutMs: 1_000_000,
  };
  await using runtime = await startBootstrap('logs.mjs', options, {
    stdio: ['ignore', pipe.fd, 'pipe', 'ipc'],
  });
  pipe.release();
  await runtime.whenParked(4);
  const text = 'x'.repeat(300_000);
  // It fills the pipe and waits, with the lock, for the rest of its line.
  const error = await runtime.failure({ do: 'text', text }, { requestId: 'killed', timeoutMs: 20_000 });
  expect(error.error).toMatchObject({ errorType: 'Runtime.DeadlineExceeded' });
  const others = ['a', 'b', 'c'].map((requestId) =>
    runtime.invoke({ do: 'text', text }, { requestId, timeoutMs: 200_000 }),
  );
  await expect.poll(() => runtime.api.inFlight, PATIENTLY).toBe(3);
  pipe.reader.open();
  await Promise.all(others);
  const long = () => pipe.reader.lines.filter((line) => line.includes('xxx'));
  await expect.poll(() => long().length, PATIENTLY).toBe(4);
  const [torn, ...whole] = long();
  expect(torn).toMatch(/"requestId":"killed","message":"x+$/);
  const lines = whole.map((line) => JSON.parse(line) as { requestId: string; message: string });
  expect(lines.map(({ requestId }) => requestId).toSorted()).toEqual(['a', 'b', 'c']);
  expect(lines.every(({ message }) => message === text)).toBe(true);
});

it('a lock whose owner makes no progress is taken from it', () => {
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

it('a lock is given back on behalf of its owner, and of nobody else', () => {
  const shared = OutputLock.share();
  const [owner, other] = [new OutputLock(shared, 1), new OutputLock(shared, 2)];
  owner.acquire(10);
  OutputLock.releaseFor(shared, 2);
  expect(other.tryAcquire()).toBe(false);
  OutputLock.releaseFor(shared, 1);
  expect(other.tryAcquire()).toBe(true);
});
