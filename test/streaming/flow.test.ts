import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FaultRuntime } from '../faults/fault-runtime.ts';
import { EITHER_MODE } from './streaming-runtime.ts';

const MB = 1_000_000;
const bulk = { bytes: 100 * MB, chunk: 65_536 };
/** How much of it a thread or the server may hold, excluding garbage. */
const HELD = 40 * MB;
/** How much the process may grow, including garbage, while twice the 100 MB pass through it. */
const GROWN = 100 * MB;
/** Bytes in transit: the window, the buffers of both sockets and those of the system for a connection. */
const ON_THE_WAY = 20 * MB;

describe.each(EITHER_MODE)('streams of 100 MB, $mode', ({ start }) => {
  let runtime: FaultRuntime;
  beforeAll(async () => {
    runtime = await start();
    await runtime.expectFullCapacity();
  });
  afterAll(() => runtime[Symbol.asyncDispose]());

  it('flow twice with flat memory in the thread, in the process and in the server', async () => {
    const event = { do: 'bulk', ...bulk, bytes: 2 * bulk.bytes };
    const process = peak(() => residentBytes(runtime.child.pid));
    const server = peak(heldBytes);
    let received = 0;
    let last = '';
    const onChunk = (chunk: Buffer) => {
      const before = received;
      received += chunk.byteLength;
      last = chunk.toString('latin1');
      if (Math.floor(before / (20 * MB)) === Math.floor(received / (20 * MB))) return;
      process.look();
      server.look();
    };
    const result = await runtime.result(event, { keepStream: false, onChunk });
    expect(result).toMatchObject({ status: 'response' });
    expect(received).toBeGreaterThan(event.bytes);
    const { most } = JSON.parse(last.slice(last.lastIndexOf('\n'))) as { most: number };
    expect(most).toBeLessThan(HELD);
    expect(server.growth()).toBeLessThan(HELD);
    expect(process.growth()).toBeLessThan(GROWN);
  });

  it('are produced no faster than they are read', async () => {
    const written = () => Number(readFileSync(join(runtime.gates.path, 'arrived-written'), 'utf8'));
    let received = 0;
    let ahead: number | undefined;
    const onChunk = async (chunk: Buffer) => {
      received += chunk.byteLength;
      if (ahead !== undefined) return;
      ahead = 0;
      // Nothing reads any more, so the handler gets ahead and then stops.
      await expect.poll(written, { timeout: 60_000 }).toBeGreaterThan(received);
      await standsStill(written);
      ahead = written() - received;
    };
    const result = await runtime.result({ do: 'bulk, counted', ...bulk }, { keepStream: false, onChunk });
    expect(result).toMatchObject({ status: 'response' });
    expect(ahead).toBeGreaterThan(0);
    expect(ahead).toBeLessThan(ON_THE_WAY);
    expect(received).toBe(Math.floor(bulk.bytes / bulk.chunk) * bulk.chunk);
    await runtime.expectFullCapacity();
  });
});

/** Resolves when a number has not changed for a while: the writer has stopped or is very slow. */
async function standsStill(count: () => number): Promise<void> {
  let before = -1;
  let same = 0;
  const look = () => {
    const now = count();
    same = now === before ? same + 1 : 0;
    before = now;
    return same;
  };
  await expect.poll(look, { timeout: 60_000, interval: 10 }).toBeGreaterThan(20);
}

function peak(measure: () => number) {
  const before = measure();
  let most = before;
  return { look: () => (most = Math.max(most, measure())), growth: () => most - before };
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heldBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function residentBytes(pid: number | undefined): number {
  const kB = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kB) * 1024;
}
