import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import type { LocalRuntime } from '../helpers/start-local.ts';
import { ADDRESS, startLocal, withoutRuntimeApi } from '../helpers/start-local.ts';
import { POLL_OPTIONS, startBootstrap, startRuntime } from '../helpers/start-runtime.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import type { TaskRoot } from '../helpers/task-root.ts';

const FILES = {
  'index.mjs': `
    import { existsSync } from 'node:fs';
    import { setTimeout as wait } from 'node:timers/promises';
    export async function handler(event, context) {
      const { awsRequestId, functionName, clientContext, invokedFunctionArn, memoryLimitInMB } = context;
      if (event.log !== undefined) console.log(event.log);
      if (event.write !== undefined) process.stdout.write(event.write + '\\n');
      if (event.fail !== undefined) throw new RangeError(event.fail);
      if (event.holdUntil !== undefined) {
        console.log('holding ' + event.holdUntil);
        while (!existsSync(event.holdUntil)) await wait(10);
      }
      if (event.forever) await new Promise(() => setInterval(() => {}, 1000));
      return { event, awsRequestId, functionName, clientContext, invokedFunctionArn, memoryLimitInMB };
    }`,
  'stream.mjs': `
    export const handler = awslambda.streamifyResponse(async (event, stream) => {
      const body = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { 'x-kind': 'web' } });
      if (event.fail) throw new RangeError(event.fail);
      body.write('one ');
      body.end('two');
    });`,
};

let root: TaskRoot;
beforeAll(async () => {
  root = await makeTaskRoot(FILES);
});
afterAll(() => root[Symbol.asyncDispose]());

describe('the command without a Runtime API', () => {
  let local: LocalRuntime;
  beforeAll(async () => {
    local = await startLocal({
      handler: 'index.handler',
      taskRoot: root.path,
      args: ['--concurrency', '2', '--memory', '512', '--timeout', '60', '--log-invocations', 'all'],
    });
  });
  afterAll(() => local[Symbol.asyncDispose]());

  it('prints commands that invoke the function', () => {
    expect(local.output.stderr).toContain(`curl ${local.url}/invoke --data '{"key":"value"}'`);
    expect(local.output.stderr).toContain(`aws lambda invoke --endpoint-url ${local.url} `);
    expect(local.output.stderr).toContain(
      'the function "function" runs locally with concurrency 2 and a timeout of 60 s',
    );
  });

  it('answers a plain POST with the response of the handler, and refuses invalid JSON', async () => {
    expect(await local.invoke({ n: 1 })).toMatchObject({ event: { n: 1 }, memoryLimitInMB: '512' });
    const refused = await fetch(`${local.url}/invoke`, { method: 'POST', body: 'nonsense' });
    expect(refused.status).toBe(400);
    expect(refused.headers.get('x-amzn-errortype')).toBe('InvalidRequestContentException');
  });

  it('treats a POST without a body as an empty object, and refuses one over the size limit', async () => {
    const plain = await fetch(`${local.url}/invoke`, { method: 'POST' });
    expect(await plain.json()).toHaveProperty('event', {});
    const body = Buffer.alloc(6 * 1024 * 1024 + 101, ' ');
    expect((await fetch(`${local.url}/invoke`, { method: 'POST', body })).status).toBe(413);
  });

  it("answers AWS's SDK, with the log of the invocation", async () => {
    const output = await local.call({
      Payload: JSON.stringify({ log: 'a line of the handler' }),
      LogType: 'Tail',
      ClientContext: Buffer.from('{"custom":{"k":"v"}}').toString('base64'),
      Qualifier: '4',
    });
    expect(output).toMatchObject({ StatusCode: 200, ExecutedVersion: '4' });
    expect(logOf(output)).toEqual([expect.stringContaining('a line of the handler')]);
    expect(JSON.parse(output.Payload?.transformToString() ?? '')).toMatchObject({
      awsRequestId: output.$metadata.requestId,
      clientContext: { custom: { k: 'v' } },
      invokedFunctionArn: expect.stringMatching(/:function:function:4$/),
    });
  });

  it('returns only the log of the invocation itself while another one logs as well', async () => {
    const gate = `${root.path}/tail.gate`;
    const held = call({ log: 'by the other', holdUntil: gate });
    await local.whenWritten(/holding .*tail/, 'stdout');
    expect(await call({ log: 'by itself', write: 'without a request id' })).toEqual([
      expect.stringMatching(/^\{.*"message":"by itself"}$/),
      'without a request id',
    ]);
    await open(gate);
    expect(await held).toEqual([expect.stringContaining('by the other'), expect.stringContaining('holding')]);

    async function call(event: object) {
      const output = await local.call({ Payload: JSON.stringify(event), LogType: 'Tail' });
      return logOf(output);
    }
  });

  it('--log-invocations all writes a line at the end of each invocation', async () => {
    const { $metadata } = await local.call();
    const line = expect.objectContaining({ message: 'Invocation ended', requestId: $metadata.requestId });
    await expect.poll(() => local.output.log, POLL_OPTIONS).toContainEqual(line);
  });

  it("reports an error of the handler to AWS's SDK", async () => {
    const output = await local.call({ Payload: '{"fail":"no"}' });
    expect(output).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled' });
    expect(JSON.parse(output.Payload?.transformToString() ?? '')).toMatchObject({
      errorType: 'RangeError',
      errorMessage: 'no',
    });
  });

  it('accepts the invocation types Event and DryRun', async () => {
    const output = await local.call({ InvocationType: 'Event', Payload: '{"log":"sent for later"}' });
    expect(output.StatusCode).toBe(202);
    await local.whenWritten(/sent for later/, 'stdout');
    expect((await local.call({ InvocationType: 'DryRun' })).StatusCode).toBe(204);
  });

  it('throttles calls beyond the concurrency, and answers again when a slot is free', async () => {
    await local.invoke({});
    const gate = `${root.path}/concurrency.gate`;
    const held = [1, 2].map(() => local.invoke({ holdUntil: gate }));
    await local.whenWritten(/(holding .*concurrency[^]*){2}/, 'stdout');
    await expect(local.call()).rejects.toMatchObject({
      name: 'TooManyRequestsException',
      Reason: 'ConcurrentInvocationLimitExceeded',
      $metadata: { httpStatusCode: 429 },
    });
    expect((await fetch(local.url)).status).toBe(429);
    expect((await fetch(`${local.url}/invoke`, { method: 'POST' })).status).toBe(429);
    await open(gate);
    await Promise.all(held);
    // The slot may not poll again yet: the server waits for it.
    expect(await local.invoke({ n: 3 })).toMatchObject({ event: { n: 3 } });
  });

  it('serves browsers as a Function URL', async () => {
    const response = await fetch(`${local.url}/some/path?q=1`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ event: { rawPath: '/some/path', rawQueryString: 'q=1' } });
  });

  it('Ctrl-C lets invocations in flight finish', async () => {
    const gate = `${root.path}/drain.gate`;
    const held = local.invoke({ holdUntil: gate });
    await local.whenWritten(/holding .*drain/, 'stdout');
    const exited = local.interrupt();
    await local.process.whenLogged(/^Stopping$/);
    await open(gate);
    expect(await held).toMatchObject({ event: { holdUntil: gate } });
    expect(await exited).toMatchObject({ code: 0 });
  });
});

describe('single mode', () => {
  let local: LocalRuntime;
  beforeAll(async () => {
    local = await startLocal({
      handler: 'index.handler',
      taskRoot: root.path,
      args: ['--concurrency', '1', '--timeout', '1', '--no-log-invocations'],
    });
  });
  afterAll(() => local[Symbol.asyncDispose]());

  it('gives callers the log of their invocation, each line once', async () => {
    const Payload = '{"log":"to the console","write":"to stdout"}';
    const output = await local.call({ Payload, LogType: 'Tail' });
    expect(logOf(output)).toEqual([expect.stringContaining('"message":"to the console"'), 'to stdout']);
  });

  it('--timeout ends an invocation', async () => {
    const output = await local.call({ Payload: '{"forever":true}' });
    expect(output.FunctionError).toBe('Unhandled');
    // The runtime answers 10 ms before the deadline, which a busy machine may miss.
    expect(output.Payload?.transformToString()).toMatch(
      /"errorType":"(Runtime\.DeadlineExceeded|Sandbox\.Timedout)"/,
    );
  });

  it('--no-log-invocations omits the line at the end of each invocation', async () => {
    await local.interrupt();
    expect(local.output.log.map(({ message }) => message)).not.toContain('Invocation ended');
  });
});

describe('a streaming handler', () => {
  let local: LocalRuntime;
  beforeAll(async () => {
    local = await startLocal({ handler: 'stream.handler', taskRoot: root.path });
  });
  afterAll(() => local[Symbol.asyncDispose]());

  it('serves browsers', async () => {
    const response = await fetch(local.url);
    expect(response.status).toBe(201);
    expect(response.headers.get('x-kind')).toBe('web');
    expect(await response.text()).toBe('one two');
  });

  it("streams to AWS's SDK", async () => {
    const { EventStream } = await local.callForStream();
    let text = '';
    for await (const { PayloadChunk } of EventStream ?? []) {
      text += Buffer.from(PayloadChunk?.Payload ?? []).toString();
    }
    expect(text).toBe('{"statusCode":201,"headers":{"x-kind":"web"}}\0\0\0\0\0\0\0\0one two');
  });

  it("reports an error of a stream to AWS's SDK", async () => {
    const { EventStream } = await local.callForStream({ Payload: '{"fail":"no"}' });
    const events: object[] = [];
    for await (const event of EventStream ?? []) events.push(event);
    expect(events).toEqual([
      { InvokeComplete: { ErrorCode: 'Function.RangeError', ErrorDetails: expect.stringContaining('"no"') } },
    ]);
  });
});

it('run() in a bootstrap starts the local server as well', async () => {
  const { env } = withoutRuntimeApi({});
  await using runtime = await startBootstrap(`${root.path}/index.mjs`, {}, { env: env ?? {} });
  const [, url] = await runtime.unlessExited(runtime.output.whenWritten(ADDRESS, 'stderr'));
  const response = await fetch(`${url}/invoke`, { method: 'POST', body: '{"n":1}' });
  expect(await response.json()).toMatchObject({ event: { n: 1 }, functionName: 'function' });
});

describe('the command says why it cannot start:', () => {
  it('a port that is taken', async () => {
    await using taken = await startRuntimeApiServer();
    const { port } = taken;
    expect(await failure({ handler: 'index.handler', env: { LOCAL_LAMBDA_PORT: String(port) } })).toContain(
      `The address 127.0.0.1:${port} is in use. Stop the process that listens there, or set LOCAL_LAMBDA_PORT to another port`,
    );
  });

  it.each([
    [['--timeout', '0'], 'Expected a whole number from 1 to 5400.'],
    [['--concurrency', 'many'], 'Expected a whole number from 1 to 1600.'],
    [['--memory', '2G'], 'Expected a whole number from 1 to 1048576.'],
    [['--env-file', 'absent.env'], 'absent.env'],
    [['--unknown'], "unknown option '--unknown'"],
    [['--unknown', '--threads', '2', '--also'], "option '--unknown'\nerror: unknown option '--also'\n"],
    [['dev', '--unknown', 'handler.js', '-x'], "option '--unknown'\nerror: unknown option '-x'\n"],
    [['--port', '70000'], 'Expected a whole number from 0 to 65535.'],
    [['dev'], "missing required argument 'workerFile'"],
  ])('%j', async (args, reason) => {
    expect(await failure({ args })).toContain(reason);
  });

  it('an invalid port in dev, even if a Runtime API is set', async () => {
    await using runtime = await startRuntime({
      args: ['dev', 'index.mjs'],
      cwd: root.path,
      taskRoot: root.path,
      env: { LOCAL_LAMBDA_PORT: 'http' },
    });
    expect(await runtime.exited).toEqual({ code: 1, signal: null });
    expect(runtime.output.stderr).toContain('LOCAL_LAMBDA_PORT: must be a port number');
  });

  async function failure(options: object): Promise<string> {
    await using runtime = await startRuntime(withoutRuntimeApi({ taskRoot: root.path, ...options }));
    // Some versions of Node.js look for the file themselves, and exit with 9.
    expect([1, 9]).toContain((await runtime.exited).code);
    return runtime.output.stderr;
  }
});

describe('the concurrency', () => {
  const cores = Math.max(2, availableParallelism());

  it.each([
    ['is the number of cores, at least 2', [], {}, cores],
    ['is 1 with --concurrency 1', ['--concurrency', '1'], {}, 1],
    ["is that of Lambda's variable", [], { AWS_LAMBDA_MAX_CONCURRENCY: '1' }, 1],
    ['is 1 with --threads 1', ['--threads', '1'], {}, 1],
    ['is the number of cores, at least 2, in dev', ['dev', 'index.mjs'], {}, cores],
    [
      "is that of Lambda's variable, also in dev",
      ['dev', 'index.mjs'],
      { AWS_LAMBDA_MAX_CONCURRENCY: '1' },
      1,
    ],
  ])('%s', async (_what, args, env, concurrency) => {
    const isDev = args[0] === 'dev';
    await using local = await startLocal({
      ...(!isDev && { handler: 'index.handler' }),
      taskRoot: root.path,
      args: [...args, '--port', '0'],
      env,
    });
    expect(local.output.stderr).toContain(`runs locally with concurrency ${concurrency} and`);
  });

  it('lets the console answer while a handler spins', async () => {
    await using spinning = await makeTaskRoot({
      'index.mjs': `import { existsSync } from 'node:fs';
        export const handler = ({ until }) => { console.log('spinning'); while (!existsSync(until)); };`,
    });
    await using local = await startLocal({ handler: 'index.handler', taskRoot: spinning.path });
    const gate = `${spinning.path}/gate`;
    const held = local.invoke({ until: gate });
    await local.whenWritten(/spinning/, 'stdout');
    expect((await fetch(`${local.url}/_lambda/console/invocations/none`)).status).toBe(404);
    await open(gate);
    await held;
  });
});

it.each([[[]], [['dev']], [['bench']], [['layer']]])('%j --version prints the version', async (command) => {
  await using runtime = await startRuntime({ args: [...command, '--version'], taskRoot: null });
  expect(await runtime.exited).toMatchObject({ code: 0 });
  expect(runtime.output.stdout).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
});

function open(gate: string): Promise<void> {
  return writeFile(gate, '');
}

/** The log lines that the answer contains. */
function logOf({ LogResult = '' }: { readonly LogResult?: string | undefined }): string[] {
  return Buffer.from(LogResult, 'base64').toString().split('\n').slice(0, -1);
}
