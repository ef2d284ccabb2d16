import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { ProfileRoutes } from '../../src/console/profile-routes.ts';
import { sendAnswer } from '../../src/local/http-exchange.ts';
import type { CpuProfiles } from '../../src/index.ts';
import type { ProfileSource } from '../../src/profiling/profiles.ts';

const NOTHING: CpuProfiles = { profiles: [], missing: [] };

/** Serves the routes of a runtime over HTTP: POST profiles, GET a heap snapshot by the thread. */
async function serve(runtime: Partial<ProfileSource> | undefined) {
  const routes = new ProfileRoutes(() => runtime as ProfileSource | undefined);
  const server = createServer((req, res) => {
    const exchange = {
      req,
      res,
      reply: (answer: Parameters<typeof sendAnswer>[1]) => sendAnswer(res, answer),
    };
    if (req.method === 'POST') routes.profile(exchange);
    else void routes.heapSnapshot(exchange, (req.url ?? '').slice(1));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    profile: (body: string) => fetch(url, { method: 'POST', body }),
    heapSnapshot: (thread: string) => fetch(`${url}/${thread}`),
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

it('takes one profile at a time, and refuses a second request until the first is answered', async () => {
  const { promise, resolve } = Promise.withResolvers<CpuProfiles>();
  const started = Promise.withResolvers<number>();
  const profileCpu: ProfileSource['profileCpu'] = ({ seconds }) => {
    started.resolve(seconds);
    return promise;
  };
  await using server = await serve({ profileCpu });
  const first = server.profile('{"seconds":3}');
  expect(await started.promise).toBe(3);
  const second = await server.profile('{"seconds":1}');
  expect([second.status, await second.json()]).toMatchObject([
    409,
    { message: 'Another profile is being taken' },
  ]);
  resolve(NOTHING);
  expect(await (await first).json()).toEqual(NOTHING);
  expect((await server.profile('{"seconds":1}')).status).toBe(200);
});

it('says why there is no profile, and accepts the next request', async () => {
  let calls = 0;
  const profileCpu = async (): Promise<CpuProfiles> => {
    calls += 1;
    if (calls === 1) throw new RangeError('seconds must be above 0');
    return NOTHING;
  };
  await using server = await serve({ profileCpu });
  for (const [body, message] of [
    ['{"seconds":0}', /^seconds must be above 0$/],
    ['no JSON', /JSON/],
    [`{"seconds":1,"more":"${'x'.repeat(1_000)}"}`, /JSON/],
  ] as const) {
    const response = await server.profile(body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ message: expect.stringMatching(message) });
  }
  expect((await server.profile('{"seconds":1}')).status).toBe(200);
});

it('streams a heap snapshot as a file', async () => {
  const asked: number[] = [];
  const heapSnapshot = async (thread: number) => {
    asked.push(thread);
    return Readable.from(['{"snapshot":', '{}}']);
  };
  await using server = await serve({ heapSnapshot });
  const response = await server.heapSnapshot('7');
  expect(response.headers.get('content-disposition')).toBe('attachment; filename="thread-7.heapsnapshot"');
  expect(await response.json()).toEqual({ snapshot: {} });
  expect(asked).toEqual([7]);
});

it('says why there is no heap snapshot', async () => {
  const heapSnapshot = () => Promise.reject(new Error('The thread 7 has ended.'));
  await using server = await serve({ heapSnapshot });
  const response = await server.heapSnapshot('7');
  expect([response.status, await response.json()]).toMatchObject([
    400,
    { message: 'The thread 7 has ended.' },
  ]);
});

it('aborts the response if a heap snapshot fails midway, so that it does not look complete', async () => {
  async function* broken() {
    yield Buffer.alloc(100_000);
    throw new Error('The thread has ended.');
  }
  await using server = await serve({ heapSnapshot: async () => Readable.from(broken()) });
  const response = await server.heapSnapshot('7');
  expect(response.status).toBe(200);
  await expect(response.arrayBuffer()).rejects.toThrow(TypeError);
});

it('answers 404 without a runtime', async () => {
  await using server = await serve(undefined);
  expect((await server.profile('{"seconds":1}')).status).toBe(404);
  expect((await server.heapSnapshot('1')).status).toBe(404);
});

it('answers 404 for what is not the number of a thread', async () => {
  const heapSnapshot = () => Promise.reject(new Error('asked'));
  await using server = await serve({ heapSnapshot });
  for (const thread of ['-1', '1.5', 'main', '']) {
    expect((await server.heapSnapshot(thread)).status).toBe(404);
  }
});
