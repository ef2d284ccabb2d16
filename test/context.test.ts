import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MODES, POLL_OPTIONS, startRuntime } from './helpers/start-runtime.ts';
import type { RunningRuntime } from './helpers/start-runtime.ts';

const FUNCTION = {
  AWS_LAMBDA_FUNCTION_NAME: 'resize',
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '2048',
  AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/resize',
  AWS_LAMBDA_LOG_STREAM_NAME: '2026/11/24/[$LATEST]abc',
};

const IDENTITY = { cognitoIdentityId: 'eu-west-1:id', cognitoIdentityPoolId: 'eu-west-1:pool' };
const CLIENT = { client: { appTitle: 'app' }, Custom: { a: [1] }, env: { locale: 'de' } };
const TRACE = 'Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1';

/** Epoch ms, long after any test. */
const DEADLINE = Date.now() + 3_600_000;

describe.each(MODES)('the context in %s', (_mode, { concurrency, env }) => {
  let runtime: RunningRuntime;
  beforeAll(async () => {
    runtime = await startRuntime({
      handler: 'context.handler',
      args: ['--log-invocations', 'all'],
      concurrency: concurrency ?? 1,
      env: { ...env, ...FUNCTION },
    });
  });
  afterAll(() => runtime[Symbol.asyncDispose]());

  it('has the function’s name, version, memory and log names from the environment', async () => {
    expect(await runtime.invoke({})).toMatchObject({
      functionName: 'resize',
      functionVersion: '$LATEST',
      memoryLimitInMB: '2048',
      logGroupName: '/aws/lambda/resize',
      logStreamName: '2026/11/24/[$LATEST]abc',
    });
  });

  it('has the fields of the invocation from the headers', async () => {
    const told = await runtime.invoke(
      {},
      {
        requestId: 'a-request-id',
        deadlineMs: DEADLINE,
        traceId: TRACE,
        tenantId: 'tenant-7',
        cognitoIdentity: JSON.stringify(IDENTITY),
        clientContext: JSON.stringify(CLIENT),
      },
    );
    expect(told).toMatchObject({
      awsRequestId: 'a-request-id',
      invokedFunctionArn: 'arn:aws:lambda:us-east-1:123456789012:function:function',
      deadlineMs: DEADLINE,
      xRayTraceId: TRACE,
      tenantId: 'tenant-7',
      identity: IDENTITY,
      clientContext: CLIENT,
      absent: [],
    });
  });

  it('decodes all headers as UTF-8, as does the log line of the invocation', async () => {
    const city = 'Zürich 東京 🗼';
    const told = await runtime.invoke(
      {},
      {
        requestId: 'not-ascii',
        traceId: `Root=${city}`,
        tenantId: 'ténant-東京',
        clientContext: JSON.stringify({ Custom: { city } }),
        cognitoIdentity: JSON.stringify({ cognitoIdentityId: city }),
        headers: { 'Lambda-Runtime-Invoked-Function-Arn': `arn:aws:lambda:us-east-1:1:function:${city}` },
      },
    );
    expect(told).toMatchObject({
      invokedFunctionArn: `arn:aws:lambda:us-east-1:1:function:${city}`,
      xRayTraceId: `Root=${city}`,
      tenantId: 'ténant-東京',
      clientContext: { Custom: { city } },
      identity: { cognitoIdentityId: city },
    });
    const line = { message: 'Invocation ended', requestId: 'not-ascii', tenantId: 'ténant-東京' };
    await expect.poll(() => runtime.log, POLL_OPTIONS).toContainEqual(expect.objectContaining(line));
  });

  it('omits fields that have no header', async () => {
    expect(await runtime.invoke({})).toMatchObject({
      absent: ['identity', 'clientContext', 'tenantId', 'xRayTraceId'],
    });
  });

  it('treats empty headers as absent', async () => {
    const headers = {
      'Lambda-Runtime-Trace-Id': '',
      'Lambda-Runtime-Client-Context': '',
      'Lambda-Runtime-Cognito-Identity': '',
      'Lambda-Runtime-Aws-Tenant-Id': '',
    };
    expect(await runtime.invoke({}, { headers })).toMatchObject({
      absent: ['identity', 'clientContext', 'tenantId', 'xRayTraceId'],
    });
  });

  it('counts the remaining time down to the deadline', async () => {
    expect(await runtime.invoke({}, { deadlineMs: DEADLINE })).toMatchObject({
      deadlineMs: DEADLINE,
      remainingIsUntilDeadline: true,
    });
  });

  it('has methods that work when detached from it', async () => {
    expect(await runtime.invoke({})).toMatchObject({ detached: 'number' });
  });

  it('has one signal, which has not aborted', async () => {
    expect(await runtime.invoke({})).toMatchObject({ signal: { aborted: false, same: true } });
  });

  it('accepts callbackWaitsForEmptyEventLoop', async () => {
    expect(await runtime.invoke({})).toMatchObject({ callbackWaitsForEmptyEventLoop: false });
  });

  it('refuses done, fail and succeed', async () => {
    const refused = 'Runtime.CallbackHandlerDeprecated';
    expect(await runtime.invoke({})).toMatchObject({ thrown: [refused, refused, refused] });
  });

  it.each(['Lambda-Runtime-Client-Context', 'Lambda-Runtime-Cognito-Identity'])(
    'fails an invocation whose %s is not JSON, and no other',
    async (header) => {
      const { error } = await runtime.failure({}, { headers: { [header]: '{' } });
      expect(error).toMatchObject({
        errorType: 'Runtime.MalformedEvent',
        errorMessage: `The header ${header} of the event is not valid JSON.`,
      });
      expect(await runtime.invoke({}, { requestId: `after-${header}` })).toMatchObject({
        awsRequestId: `after-${header}`,
      });
    },
  );
});
