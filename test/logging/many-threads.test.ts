import type { StdioOptions } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { FULL } from '../faults/fault-runtime.ts';
import type { LogLine } from '../helpers/process-output.ts';
import { POLL_OPTIONS, startBootstrap } from '../helpers/start-runtime.ts';
import type { RunningRuntime, RuntimeOptions } from '../helpers/start-runtime.ts';
import { openPipe, openSocket } from './outlets.ts';
import type { LineReader } from './outlets.ts';

const LINES = 100;

// Starting 64 threads takes long.
describe.each(FULL ? [16, 64] : [16])('%i threads', (threads) => {
  it('write 100 lines of 10 B to 256 KiB to a pipe whose reader pauses, and all arrive whole', async () => {
    await using pipe = await openPipe();
    const stdio: StdioOptions = ['ignore', pipe.fd, 'pipe', 'ipc'];
    await using runtime = await startThreads(threads, { stdio });
    pipe.release();
    await burst(runtime, threads, pipe.reader);
    await expectAllWhole(() => pipe.reader.parsed, threads);
  });

  it('write the same lines, also through pino, to the socket, over a connection each', async () => {
    await using socket = await openSocket();
    const env = { _LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET: socket.path };
    await using runtime = await startThreads(threads, { env });
    await burst(runtime, threads, socket.reader, true);
    // Direct writes to stdout stay there; console and logger go to the socket.
    await expectAllWhole(() => [...socket.reader.parsed, ...runtime.log], threads);
    expect(runtime.log).toHaveLength((threads * LINES) / 2);
    expect(socket.connections()).toBe(threads + 1);
  });
});

function startThreads(threads: number, more: RuntimeOptions): Promise<RunningRuntime> {
  return startBootstrap('logs.mjs', { concurrency: threads, outputTimeoutMs: 60_000 }, more);
}

/** All threads write at once: while nobody reads, none can end. Rejects if a handler fails. */
async function burst(
  runtime: RunningRuntime,
  threads: number,
  reader: LineReader,
  withPino = false,
): Promise<void> {
  await runtime.whenPolling(threads);
  const event = { do: 'burst', lines: LINES, withPino };
  const invocations = Promise.all(
    Array.from({ length: threads }, (_, n) =>
      runtime.invoke(event, { requestId: `request-${n}`, timeoutMs: 100_000 }),
    ),
  );
  await expect.poll(() => runtime.api.inFlight, POLL_OPTIONS).toBe(threads);
  reader.open();
  await invocations;
}

interface Message {
  readonly id: string;
  readonly n: number;
  readonly length: number;
  readonly text: string;
}

async function expectAllWhole(read: () => readonly LogLine[], threads: number): Promise<void> {
  // The runtime's own messages are texts.
  const own = () => read().filter(({ message }) => typeof message === 'object');
  await expect.poll(() => own().length, { ...POLL_OPTIONS, interval: 500 }).toBe(threads * LINES);
  const numbers = new Map<string, number[]>();
  for (const { requestId, message } of own()) {
    const { id, n, length, text } = message as Message;
    expect({ requestId, length: text.length }).toEqual({ requestId: id, length });
    numbers.set(id, [...(numbers.get(id) ?? []), n]);
  }
  expect(numbers.size).toBe(threads);
  const all = Array.from({ length: LINES }, (_, n) => n);
  for (const seen of numbers.values()) expect(seen.toSorted((a, b) => a - b)).toEqual(all);
}
