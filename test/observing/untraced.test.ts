import { createServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MODES, startRuntime } from '../helpers/start-runtime.ts';

const PRELOAD = new URL('../fixtures/preloads/tracing.mjs', import.meta.url).href;

let server: Server;
let origin: string;

beforeAll(async () => {
  const answering = createServer((_request, response) => response.end('answered')).listen(0, '127.0.0.1');
  await new Promise((resolve) => answering.once('listening', resolve));
  server = answering;
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

/** Resolves with what a preloaded module has traced on the main thread until the process ended. */
async function tracedWhile(handler: string, settings: (typeof MODES)[0][1]): Promise<string[]> {
  const traced: string[] = [];
  const env = { NODE_OPTIONS: `--import ${PRELOAD}`, ...settings.env };
  await using runtime = await startRuntime({
    handler: `requesting.${handler}`,
    ...settings,
    env,
  });
  runtime.child.on('message', (message: { traced: string }) => void traced.push(message.traced));
  for (let calls = 0; calls < 3; calls += 1) expect(await runtime.invoke({ origin })).toBe('answered');
  await runtime.whenPolling(settings.concurrency ?? 1);
  await runtime.stop();
  return traced;
}

/** Three calls of the handler in single mode, which show that the module traces. */
const OF_THE_HANDLER = [
  'socket',
  'apm:net:tcp:start',
  'span connect',
  'undici create /of-the-handler',
  'undici sendHeaders /of-the-handler',
  'undici headers /of-the-handler',
  'undici trailers /of-the-handler',
  'apm:http:client:request:start',
  'span request',
  'http /of-the-handler',
  // The socket of node:http.
  'socket',
  'apm:net:tcp:start',
  'span connect',
];

describe.concurrent.each(MODES)('in %s, instrumentation on the main thread', (mode, settings) => {
  it.each(['buffered', 'streamed'])('does not trace the requests of a %s response', async (handler) => {
    const traced = await tracedWhile(handler, settings);
    const expected = mode === 'single mode' ? [OF_THE_HANDLER, OF_THE_HANDLER, OF_THE_HANDLER].flat() : [];
    expect(traced.toSorted()).toEqual(expected.toSorted());
  });
});
