import { expect, it } from 'vitest';
import { PATIENTLY, startBootstrap } from '../helpers/start-runtime.ts';
import type { RunningRuntime } from '../helpers/start-runtime.ts';
import { openPipe, openSocket } from './outlets.ts';
import type { LineReader } from './outlets.ts';

const THREADS = 64;
const LINES = 100;
const OPTIONS = { concurrency: THREADS, handler: 'burst', outputTimeoutMs: 60_000 };

it('64 threads write 100 lines of 10 B to 256 KiB into a pipe whose reader pauses: each is there and whole', async () => {
  await using pipe = await openPipe();
  const stdio = ['ignore', pipe.fd, 'pipe', 'ipc'] as const;
  await using runtime = await startBootstrap('logs.mjs', OPTIONS, { stdio: [...stdio] });
  pipe.release();
  await burst(runtime, pipe.reader);
  expectAllWhole(pipe.reader);
});

it('the same into the socket, over a connection for each thread', async () => {
  await using socket = await openSocket();
  const env = { _LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET: socket.path };
  const options = { ...OPTIONS, handler: 'burst' };
  await using runtime = await startBootstrap('logs.mjs', options, { env });
  await burst(runtime, socket.reader);
  // What is written to stdout stays there; console and logger go to the socket.
  await expect.poll(() => runtime.log.length, PATIENTLY).toBe((THREADS * LINES) / 2);
  for (const line of runtime.log) socket.reader.lines.push(JSON.stringify(line));
  expectAllWhole(socket.reader);
  expect(socket.connections()).toBe(THREADS + 1);
});

/** All threads write at once: while nobody reads, none can end. Rejects if a handler fails. */
async function burst(runtime: RunningRuntime, reader: LineReader): Promise<void> {
  await runtime.whenParked(THREADS);
  const invocations = Promise.all(
    Array.from({ length: THREADS }, (_, n) =>
      runtime.invoke({ lines: LINES }, { requestId: `request-${n}`, timeoutMs: 100_000 }),
    ),
  );
  await expect.poll(() => runtime.api.inFlight, PATIENTLY).toBe(THREADS);
  reader.open();
  await invocations;
  await expect.poll(() => reader.lines.length, PATIENTLY).toBeGreaterThan((THREADS * LINES) / 2);
}

interface Message {
  readonly id: string;
  readonly n: number;
  readonly length: number;
  readonly text: string;
}

function expectAllWhole(reader: LineReader): void {
  const numbers = new Map<string, number[]>();
  for (const { requestId, message } of reader.parsed) {
    // The runtime's own.
    if (typeof message === 'string') continue;
    const { id, n, length, text } = message as Message;
    expect({ requestId, length: text.length }).toEqual({ requestId: id, length });
    numbers.set(id, [...(numbers.get(id) ?? []), n]);
  }
  expect(numbers.size).toBe(THREADS);
  const all = Array.from({ length: LINES }, (_, n) => n);
  for (const seen of numbers.values()) expect(seen.toSorted((a, b) => a - b)).toEqual(all);
}
