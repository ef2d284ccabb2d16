/**
 * Real packages, as they are, in one function: two threads with two invocations each. What comes of it is the table in
 * docs/compatibility.md, which `vitest run test/ecosystem.test.ts -u` writes.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { format } from 'prettier';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { recordedTables } from './compatibility/page.ts';
import type { LogLine } from './helpers/process-output.ts';
import { POLL_OPTIONS, startRuntime } from './helpers/start-runtime.ts';
import type { RunningRuntime } from './helpers/start-runtime.ts';

/** The document that aws-xray-sdk sends for each subsegment. */
interface Subsegment {
  readonly name: string;
  readonly trace_id: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

const daemon = createSocket('udp4');
const subsegments: Subsegment[] = [];
daemon.on('message', (message) => {
  subsegments.push(JSON.parse(message.toString().split('\n')[1] ?? '{}') as Subsegment);
});

/** Stands for S3: answers with the trace header that has reached it. */
const endpoint = createServer((request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ key: request.url, trace: request.headers['x-amzn-trace-id'] }));
});

let runtime: RunningRuntime;
/** With a thread for each invocation. */
let unshared: RunningRuntime;
/** With a handler that streams. */
let streaming: RunningRuntime;
beforeAll(async () => {
  daemon.bind(0, '127.0.0.1');
  endpoint.listen(0, '127.0.0.1');
  await Promise.all([once(daemon, 'listening'), once(endpoint, 'listening')]);
  [runtime, unshared, streaming] = await Promise.all([
    start('index', 2),
    start('index', 4),
    start('hono-streaming', 2),
  ]);
});
afterAll(async () => {
  daemon.close();
  endpoint.close();
  await Promise.all([runtime, unshared, streaming].map((running) => running[Symbol.asyncDispose]()));
});

async function start(file: string, threads: number): Promise<RunningRuntime> {
  const running = await startRuntime({
    handler: `ecosystem/${file}.handler`,
    concurrency: 4,
    env: {
      AWS_LAMBDA_NODEJS_WORKER_COUNT: String(threads),
      AWS_LAMBDA_FUNCTION_NAME: 'ecosystem',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      AWS_REGION: 'us-east-1',
      AWS_XRAY_DAEMON_ADDRESS: `127.0.0.1:${daemon.address().port}`,
      S3_ENDPOINT: `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}`,
    },
  });
  await running.whenPolling(4);
  return running;
}

const NUMBERS = Array.from({ length: 12 }, (_, n) => n);
const requestIdOf = (call: string, n: number) => `${call}-${n}`;
const rootOf = (n: number) => `1-5bef4de7-${String(n).padStart(24, '0')}`;

const optionsOf = (call: string, n: number) => ({
  requestId: requestIdOf(call, n),
  traceId: `Root=${rootOf(n)};Parent=9a9197af755a6419;Sampled=1`,
  tenantId: `tenant-${n}`,
});

/** Twelve invocations, four at a time; resolves with their results in order. */
function callAll<Result>(
  call: string,
  event: (n: number) => object = () => ({}),
  on = runtime,
): Promise<Result[]> {
  return Promise.all(NUMBERS.map((n) => on.invoke<Result>({ call, n, ...event(n) }, optionsOf(call, n))));
}

/** Resolves with the lines on stdout that a package has written, one for each invocation. */
async function lines(isOne: (line: LogLine) => boolean): Promise<LogLine[]> {
  await expect.poll(() => runtime.log.filter(isOne), POLL_OPTIONS).toHaveLength(NUMBERS.length);
  return runtime.log.filter(isOne);
}

/** Resolves with request id → trace id of the subsegments of that name. */
async function traces(name: string): Promise<Record<string, string>> {
  const named = () => subsegments.filter((subsegment) => subsegment.name === name);
  await expect.poll(named, POLL_OPTIONS).toHaveLength(NUMBERS.length);
  return Object.fromEntries(
    named().map(({ annotations, trace_id }) => [annotations?.['requestId'] ?? 'none', trace_id]),
  );
}

const tracesOf = (call: string) => Object.fromEntries(NUMBERS.map((n) => [requestIdOf(call, n), rootOf(n)]));

/** An event of an HTTP API, payload format 2.0. */
const httpEvent = (n: number) => ({
  http: {
    version: '2.0',
    routeKey: '$default',
    rawPath: `/orders/${n}`,
    rawQueryString: '',
    headers: { 'Content-Type': 'application/json', host: 'api.example.com' },
    requestContext: {
      accountId: '123456789012',
      apiId: 'api',
      domainName: 'api.example.com',
      http: {
        method: 'POST',
        path: `/orders/${n}`,
        protocol: 'HTTP/1.1',
        sourceIp: '192.0.2.1',
        userAgent: 'test',
      },
      requestId: 'id',
      stage: '$default',
      timeEpoch: 1_700_000_000_000,
    },
    body: JSON.stringify({ n }),
    isBase64Encoded: false,
  },
});

interface HttpAnswer {
  readonly statusCode: number;
  readonly body: string;
}

interface Case {
  readonly packages: readonly string[];
  readonly shown: string;
  readonly prove: () => Promise<void>;
}

const ONE_FACADE =
  'only with one invocation per thread: aws-xray-sdk keeps one segment for all invocations of a thread';

const CASES: readonly Case[] = [
  {
    packages: ['@aws-lambda-powertools/logger'],
    shown: 'each line has the request id and the keys of its invocation',
    async prove() {
      await callAll('logger');
      for (const line of await lines(({ message }) => message === 'from powertools'))
        expect(line['function_request_id']).toBe(requestIdOf('logger', line['n'] as number));
    },
  },
  {
    packages: ['@aws-lambda-powertools/metrics'],
    shown: 'each line has the metric of its invocation',
    async prove() {
      await callAll('metrics');
      for (const line of await lines((candidate) => 'orders' in candidate && '_aws' in candidate))
        expect(line['requestId']).toBe(requestIdOf('metrics', [line['orders']].flat()[0] as number));
    },
  },
  {
    packages: ['@aws-lambda-powertools/batch'],
    shown: 'the failed record is reported',
    async prove() {
      const failed = NUMBERS.map((n) => ({ batchItemFailures: [{ itemIdentifier: `bad-${n}` }] }));
      expect(await callAll('batch')).toEqual(failed);
    },
  },
  {
    packages: ['@aws-lambda-powertools/idempotency'],
    shown: 'with records in memory, the second call gets the result of the first',
    async prove() {
      for (const [first, second] of await callAll<[object, object]>('idempotency'))
        expect(second).toEqual(first);
    },
  },
  {
    packages: ['@aws-lambda-powertools/tracer'],
    shown: `each subsegment belongs to the trace of its invocation; ${ONE_FACADE}`,
    async prove() {
      const results = await callAll<{ traceId: string }>('tracer', undefined, unshared);
      expect(results.map(({ traceId }) => traceId)).toEqual(NUMBERS.map(rootOf));
      expect(await traces('## from tracer')).toEqual(tracesOf('tracer'));
    },
  },
  {
    packages: ['aws-xray-sdk-core'],
    shown: `each subsegment belongs to the trace of its invocation; ${ONE_FACADE}`,
    async prove() {
      await callAll('xray', undefined, unshared);
      expect(await traces('from xray')).toEqual(tracesOf('xray'));
    },
  },
  {
    packages: [
      '@middy/core',
      '@middy/http-cors',
      '@middy/http-error-handler',
      '@middy/http-header-normalizer',
      '@middy/http-json-body-parser',
      '@middy/input-output-logger',
    ],
    shown: 'a chain of middlewares around an HTTP handler',
    async prove() {
      const answers = await callAll<HttpAnswer>('middy', httpEvent);
      expect(answers.map(({ body }) => JSON.parse(body) as object)).toEqual(
        NUMBERS.map((n) => ({ sent: { n }, id: requestIdOf('middy', n) })),
      );
    },
  },
  ...['hono', 'express'].map((call) => ({
    packages: call === 'hono' ? ['hono'] : ['express', '@codegenie/serverless-express'],
    shown: 'an app with a route, buffered',
    async prove() {
      const answers = await callAll<HttpAnswer>(call, httpEvent);
      expect(answers.map(({ statusCode, body }) => [statusCode, JSON.parse(body) as object])).toEqual(
        NUMBERS.map((n) => [200, { id: String(n), sent: { n }, requestId: requestIdOf(call, n) }]),
      );
    },
  })),
  {
    packages: ['hono'],
    shown: 'the same app, streamed',
    async prove() {
      const answers = await Promise.all(
        NUMBERS.map((n) => streaming.response(JSON.stringify(httpEvent(n).http), optionsOf('streamed', n))),
      );
      expect(answers.map(({ mode }) => mode)).toEqual(NUMBERS.map(() => 'streaming'));
      expect(answers.map(({ body }) => body.toString().split('\0'.repeat(8)))).toEqual(
        NUMBERS.map((n) => [
          expect.stringContaining('"statusCode":200'),
          `${n} ${requestIdOf('streamed', n)}`,
        ]),
      );
    },
  },
  {
    packages: ['@aws-sdk/client-s3'],
    shown: 'the trace header of each invocation reaches the endpoint',
    async prove() {
      const answers = await callAll<{ key: string; trace: string }>('s3');
      expect(answers.map(({ key, trace }) => [key.split('?')[0], trace.split(';')[0]])).toEqual(
        NUMBERS.map((n) => [`/bucket/key-${n}`, `Root=${rootOf(n)}`]),
      );
    },
  },
  {
    packages: ['@opentelemetry/api', '@opentelemetry/context-async-hooks'],
    shown: 'each invocation keeps its active context',
    async prove() {
      expect(await callAll('opentelemetry')).toEqual(NUMBERS.map((n) => ({ n })));
    },
  },
  {
    packages: ['pino'],
    shown: 'each line of the handler’s own logger has its request id',
    async prove() {
      await callAll('pino');
      for (const line of await lines(({ from }) => from === 'pino'))
        expect(line['requestId']).toBe(requestIdOf('pino', line['n'] as number));
    },
  },
  {
    packages: ['sharp'],
    shown: 'images are resized in several threads at the same time',
    async prove() {
      const sizes = await callAll('sharp');
      expect(sizes).toEqual(NUMBERS.map((n) => ({ width: n + 1, format: 'webp' })));
    },
  },
  {
    packages: ['@node-rs/argon2'],
    shown: 'passwords are hashed and verified in several threads at the same time',
    async prove() {
      expect(await callAll('argon2')).toEqual(NUMBERS.map(() => ({ right: true, wrong: false })));
    },
  },
];

const results = new Map<Case, string>();

it.each(CASES.map((one) => [one.packages.join(', '), one] as const))('%s', async (_name, one) => {
  results.set(one, 'fails');
  await one.prove();
  results.set(one, 'works');
});

it('docs/compatibility.md has these versions and results', async () => {
  const rows = CASES.map(
    (one) => `| ${one.packages.map(withVersion).join('<br>')} | ${results.get(one)} | ${one.shown} |`,
  );
  const table = ['| package | result | what the test shows |', '| --- | --- | --- |', ...rows].join('\n');
  const page = await format(
    `${INTRODUCTION}\n\n${table}\n\n${ATTACHED}\n\n${recordedTables()}\n\n${NATIVE_ADDONS}\n`,
    {
      parser: 'markdown',
      printWidth: 110,
    },
  );
  await expect(page).toMatchFileSnapshot('../docs/compatibility.md');
});

const INTRODUCTION = `# Compatibility

The packages of the first table run in handlers unmodified. Each of its tests runs one function against the local Runtime
API, with a concurrency of 4 on two threads, so that two invocations share a thread. \`npx vitest run test/ecosystem.test.ts\`
runs the tests; with \`-u\` it also writes this page.`;

const ATTACHED = `## Instrumentation, frameworks and more

Each package is set up as its vendor describes and runs in processes of its own, with the built runtime. There are two
layouts: four threads with one invocation on each, and two threads with four invocations on each ("2 threads × 4" in the tables).
CommonJS and ES modules are both tried where the vendor supports both. A trial has 200 invocations. An endpoint outside of the
function holds the requests of one invocation for each slot until all of them have arrived, so that these invocations overlap;
then the test asserts that they did not mix. Where a comparison is useful, the same trial runs with AWS's client, aws-lambda-ric 4.0.2. [instrumentation.md](instrumentation.md) describes how to attach each
instrumentation. \`npm run compatibility\` in the repository runs the trials.`;

const NATIVE_ADDONS = `## Native addons

bcrypt 6, argon2 0.45 and sqlite3 6 abort the whole process if their thread ends while their asynchronous work is
in flight, also in plain Node.js. The runtime lets a thread end only when no such work is in flight: see
[lifecycle.md](lifecycle.md#why-a-thread-ends-itself). These limits remain:

- **Terminated threads**: the runtime terminates a thread that is blocked or whose heap exceeds its limit. If the
  thread has work of such an addon in flight, the process aborts.
- **Endless work**: if a handler starts new work in callbacks, without a promise in between, there is no moment at
  which its thread can end itself. The runtime terminates the thread after 30 seconds. The same applies to a single
  piece of work that takes longer than 30 seconds.
- **@swc/core 1.16** ends the process with SIGSEGV when the last thread that has loaded it ends, also in plain
  Node.js and with no work in flight: Node.js unloads the library while the library's own threads still run. To keep
  it loaded, load it on the main thread too: set the option \`preload: [import.meta.resolve('@swc/core')]\`, or
  \`NODE_OPTIONS="--require @swc/core"\` with the command.
- **Child processes** of a terminated thread remain as zombies until the process ends, because only the event loop
  that started a process can reap it. Child processes of a thread that ends itself get SIGTERM and are reaped.

The test makes two calls at a time in an endless loop, on four threads, and misses 20 deadlines in succession (Node.js 24.21,
two cores).

| addon | runs in which the process survived all 20 deadlines |
| --- | --- |
| bcrypt 6.0.0 | 3 of 3 |
| argon2 0.45.1 | 3 of 3 |
| sqlite3 6.0.1 | 7 of 7 |
| @swc/core 1.16.22, also loaded on the main thread | 5 of 5 |
| @swc/core 1.16.22, loaded in threads only | the process ended after 5 deadlines |`;

function withVersion(name: string): string {
  const { version } = JSON.parse(
    readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8'),
  ) as { version: string };
  return `${name} ${version}`;
}
