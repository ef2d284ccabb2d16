import { afterEach, beforeEach, expect, it } from 'vitest';
import { startRuntimeApi } from '../../src/testing/runtime-api.ts';
import type { RuntimeApi } from '../../src/testing/runtime-api.ts';

let api: RuntimeApi;
beforeEach(async () => {
  api = await startRuntimeApi({ timeoutMs: 10_000 });
});
afterEach(() => api.close());

const url = (path: string) => `http://${api.address}/2018-06-01/runtime/${path}`;

/** Polls as a runtime does, and posts this as the answer. */
async function answer(how: 'response' | 'error', body: string) {
  const event = await fetch(url('invocation/next'));
  const requestId = event.headers.get('lambda-runtime-aws-request-id') ?? '';
  await fetch(url(`invocation/${requestId}/${how}`), { method: 'POST', body });
  return { requestId, headers: event.headers, text: await event.text() };
}

it('a response has its parsed payload and its raw body', async () => {
  const [result, { requestId, text }] = await Promise.all([
    api.invoke({ n: 1 }),
    answer('response', '{"m":2}'),
  ]);
  expect(text).toBe('{"n":1}');
  expect(result).toMatchObject({ status: 'response', requestId, payload: { m: 2 } });
  expect(result).toHaveProperty('body', Buffer.from('{"m":2}'));
});

it('a response that is not JSON has no payload', async () => {
  const [result, { text }] = await Promise.all([
    api.invoke(Buffer.from('bytes')),
    answer('response', 'more bytes'),
  ]);
  expect(text).toBe('bytes');
  expect(result).toMatchObject({ status: 'response', payload: undefined });
});

it('an error has the type and message that its caller sees', async () => {
  const diagnostic = '{"errorType":"TypeError","errorMessage":"no","stackTrace":["here"]}';
  const [result] = await Promise.all([api.invoke(undefined), answer('error', diagnostic)]);
  expect(result).toMatchObject({
    status: 'error',
    errorType: 'TypeError',
    errorMessage: 'no',
    stackTrace: ['here'],
  });
});

it('a missed deadline resolves with the status timeout', async () => {
  const polled = fetch(url('invocation/next'));
  expect(await api.invoke(1, { timeoutMs: 20 })).toMatchObject({
    status: 'timeout',
    errorMessage: expect.stringContaining('timed out after 0.02 seconds'),
  });
  await polled;
});

it('deadlineInMs can be far shorter than the timeout', async () => {
  const [result, { headers }] = await Promise.all([
    api.invoke(1, { deadlineInMs: 499.6 }),
    answer('response', '1'),
  ]);
  expect(result.status).toBe('response');
  const deadlineMs = headers.get('lambda-runtime-deadline-ms') ?? '';
  expect(deadlineMs).toMatch(/^\d+$/);
  expect(Number(deadlineMs) - Date.now()).toBeLessThanOrEqual(500);
});

it('the options reach the runtime', async () => {
  const options = {
    requestId: 'mine',
    tenantId: 'blue',
    traceId: 'Root=1',
    clientContext: { custom: {} },
    cognitoIdentity: { cognitoIdentityId: 'me', cognitoIdentityPoolId: 'all' },
  };
  const [, { requestId, headers }] = await Promise.all([api.invoke(1, options), answer('response', '1')]);
  expect(requestId).toBe('mine');
  expect(headers.get('lambda-runtime-aws-tenant-id')).toBe('blue');
  expect(headers.get('lambda-runtime-trace-id')).toBe('Root=1');
  expect(headers.get('lambda-runtime-client-context')).toBe('{"custom":{}}');
  expect(JSON.parse(headers.get('lambda-runtime-cognito-identity') ?? '')).toEqual(options.cognitoIdentity);
});

it('objects of the context may have any characters', async () => {
  const odd = { odd: 'é東\n\x7f' };
  const [, { headers }] = await Promise.all([
    api.invoke(1, { clientContext: odd, cognitoIdentity: odd }),
    answer('response', '1'),
  ]);
  for (const name of ['lambda-runtime-client-context', 'lambda-runtime-cognito-identity']) {
    expect(JSON.parse(Buffer.from(headers.get(name) ?? '', 'latin1').toString())).toEqual(odd);
  }
});

it('invoke() waits for a poll until its signal aborts or the server closes', async () => {
  const abort = new AbortController();
  const aborted = api.invoke(1, { signal: abort.signal });
  abort.abort(new Error('enough'));
  await expect(aborted).rejects.toThrow('enough');
  const waiting = api.invoke(1);
  await api.close();
  expect(await waiting).toMatchObject({ status: 'unavailable' });
});

it('returns an init error, also to invocations that wait for a poll', async () => {
  const waiting = api.invoke(1);
  const posted = fetch(url('init/error'), {
    method: 'POST',
    body: '{"errorType":"Runtime.ImportModuleError"}',
  });
  expect(await api.whenInitError()).toMatchObject({ error: { errorType: 'Runtime.ImportModuleError' } });
  expect((await posted).status).toBe(202);
  expect(await waiting).toMatchObject({ status: 'error', errorType: 'Runtime.ImportModuleError' });
  expect(await api.invoke(2)).toMatchObject({ status: 'error', errorType: 'Runtime.ImportModuleError' });
});

it('abortInvocations() fails those in flight, as Lambda does before it ends an environment', async () => {
  const polled = fetch(url('invocation/next'));
  await api.whenPolling(1);
  const result = api.invoke({ n: 1 });
  const requestId = (await polled).headers.get('lambda-runtime-aws-request-id');
  expect(api.abortInvocations()).toBe(1);
  expect(await result).toMatchObject({
    status: 'error',
    errorType: 'Client.ExecutionEnvironmentShutDown',
  });
  const late = await fetch(url(`invocation/${requestId}/response`), { method: 'POST', body: '1' });
  expect(late.status).toBe(400);
  expect(api.abortInvocations()).toBe(0);
});

it('injects faults', async () => {
  api.faults.once('next', { type: 'status', status: 503 });
  expect((await fetch(url('invocation/next'))).status).toBe(503);
  expect(api.faults.met).toBe(1);
});
