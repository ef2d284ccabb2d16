import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import type { RuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import type { ImageAnswer } from '../image/handler.ts';
import { openCaller } from './caller.ts';
import type { Caller } from './caller.ts';
import { startFunction } from './function-process.ts';

/** A configuration to run, and a callback for each answer. */
export interface Configuration {
  readonly slots: number;
  readonly events: number;
  readonly onAnswer: () => void;
}

/** The duration of a run and the answers per thread. */
export interface Measurement {
  readonly slots: number;
  readonly events: number;
  readonly wallMs: number;
  /** The number of events that each thread answered, by thread id. */
  readonly answersByThread: ReadonlyMap<number, number>;
}

/**
 * Starts the image example with a number of slots, warms up each thread with one event, and measures the rest. One caller
 * per slot sends events one after the other.
 *
 * Rejects when the function's process ends, an event fails, or the function is not ready within 30 s.
 */
export async function runConfiguration(configuration: Configuration): Promise<Measurement> {
  const { slots } = configuration;
  const server = await startRuntimeApiServer({ functionName: 'image' });
  const served = startFunction(BOOTSTRAP, { runtimeApi: server.address, slots });
  const caller = openCaller(server, 'image', slots);
  try {
    return await Promise.race([measure(configuration, server, caller), served.failed]);
  } finally {
    caller.close();
    await served.stop();
    await server.close();
  }
}

const BOOTSTRAP = new URL('../image/main.ts', import.meta.url);
const EVENT = { width: 1200 };

async function measure(
  { slots, events, onAnswer }: Configuration,
  server: RuntimeApiServer,
  caller: Caller,
): Promise<Measurement> {
  await allReady(server, slots);
  await Promise.all(Array.from({ length: slots }, () => caller.call(EVENT)));
  await allReady(server, slots);

  const answersByThread = new Map<number, number>();
  let left = events;
  const callInTurn = async () => {
    while (left > 0) {
      left -= 1;
      await server.whenPolling(1);
      const { thread } = (await caller.call(EVENT)) as ImageAnswer;
      answersByThread.set(thread, (answersByThread.get(thread) ?? 0) + 1);
      onAnswer();
    }
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: slots }, callInTurn));
  return { slots, events, wallMs: performance.now() - startMs, answersByThread };
}

async function allReady(server: RuntimeApiServer, slots: number): Promise<void> {
  const signal = AbortSignal.timeout(READY_TIMEOUT_MS);
  await server.whenPolling(slots, { signal }).catch((cause: unknown) => {
    throw new Error(`Only ${server.openPolls} of ${slots} slots were ready after ${READY_TIMEOUT_MS} ms.`, {
      cause,
    });
  });
}

const READY_TIMEOUT_MS = 30_000;
