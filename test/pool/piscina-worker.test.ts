/** What the pool relies on in piscina and its worker. A new version that differs fails here first. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { PiscinaWorker } from '../../src/pool/piscina-worker.ts';
import type { ThreadEndReason } from '../../src/pool/thread-end.ts';
import { threadCount } from '../faults/fault-runtime.ts';
import { start } from '../helpers/child-process.ts';

const ENTRY = fileURLToPath(new URL('../fixtures/pool/served.mjs', import.meta.url));

function startWorker(settings: object, entry = ENTRY, resourceLimits = {}) {
  const { port1, port2 } = new MessageChannel();
  const { promise: endReason, resolve } = Promise.withResolvers<ThreadEndReason>();
  const ends: ThreadEndReason[] = [];
  const worker = new PiscinaWorker(
    { entry, settings: { ...settings, port: port2 }, transfer: [port2], resourceLimits },
    (reason) => {
      ends.push(reason);
      resolve(reason);
    },
  );
  return { worker, endReason, ends, port: port1 };
}

describe('a thread that ends', () => {
  it.each([0, 3])('by process.exit(%d) reports its exit code', async (code) => {
    const { endReason, worker } = startWorker({ do: 'exit', code });
    expect(await endReason).toEqual({ kind: 'exit', code });
    await worker.exited;
  });

  it.each(['throw', 'throw later'])('by an error (%s) reports the error first', async (what) => {
    const { endReason, worker } = startWorker({ do: what });
    expect(await endReason).toMatchObject({ kind: 'error', error: { name: 'RangeError' } });
    worker.terminate();
    await worker.exited;
  });

  it('because its heap is full reports ERR_WORKER_OUT_OF_MEMORY', async () => {
    const limits = { maxOldGenerationSizeMb: 16 };
    const { endReason, worker } = startWorker({ do: 'fill the heap' }, ENTRY, limits);
    expect(await endReason).toMatchObject({ kind: 'error', error: { code: 'ERR_WORKER_OUT_OF_MEMORY' } });
    await worker.exited;
  });

  it('because its entry is missing reports ERR_MODULE_NOT_FOUND', async () => {
    const { endReason, worker } = startWorker({}, `${ENTRY}.missing.mjs`);
    expect(await endReason).toMatchObject({ kind: 'error', error: { code: 'ERR_MODULE_NOT_FOUND' } });
    await worker.exited;
  });

  it('because its settings cannot be cloned reports a DataCloneError', async () => {
    const { endReason, worker } = startWorker({ do: () => undefined });
    expect(await endReason).toMatchObject({ kind: 'error', error: { name: 'DataCloneError' } });
    worker.terminate();
    await worker.exited;
  });
});

it('after its run, a thread stays alive, reports memory and event loop, and can be terminated', async () => {
  const { worker, ends, port } = startWorker({ do: 'stay' });
  const threads = await threadCount(process.pid);
  for (let round = 0; round < 3; round += 1) {
    port.postMessage(round);
    expect(await once(port, 'message')).toEqual([round]);
  }
  expect(await worker.memory()).toMatchObject({ heapMiB: expect.any(Number) });
  expect(worker.eventLoopUtilization()).toMatchObject({ utilization: expect.any(Number) });
  expect(ends).toEqual([]);
  worker.terminate();
  await worker.exited;
  expect(ends).toEqual([{ kind: 'exit', code: 1 }]);
  expect(await worker.memory()).toBeUndefined();
  expect(await threadCount(process.pid)).toBe(threads - 1);
});

it('after its run, a thread does not keep the process alive', async () => {
  const child = start(fileURLToPath(new URL('../fixtures/pool/leaves-a-thread.ts', import.meta.url)), [], {
    env: {},
  });
  expect(await once(child, 'exit')).toEqual([5, null]);
});
