import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { functionUrlRoute } from '../../src/local/lambda-api/function-url.ts';
import { type RuntimeApiServer, startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { fail, next, openStream, respond } from './runtime.ts';

let server: RuntimeApiServer;
beforeEach(async () => {
  server = await startRuntimeApiServer({ moreRoutes: (front) => [functionUrlRoute(front)] });
});
afterEach(() => server.close());

/** Sends a request, and polls for its event. */
async function call(path: string, init: RequestInit = {}) {
  const polled = next(server);
  await server.whenPolling(1);
  const answered = fetch(`http://${server.address}${path}`, { redirect: 'manual', ...init });
  const { requestId, text } = await polled;
  return { answered, requestId, event: JSON.parse(text) };
}

/** Sends a request that the handler answers with this. */
async function answer(result: unknown): Promise<Response> {
  const { answered, requestId } = await call('/');
  await respond(server, requestId, JSON.stringify(result));
  return answered;
}

describe('the event', () => {
  it('describes the request in payload format 2.0', async () => {
    const { answered, requestId, event } = await call('/a%20b/c?x=1&x=2&y=%C3%A9&z', {
      headers: { Cookie: 'a=1; b=2', 'User-Agent': 'tester', 'X-Some': 'Thing' },
    });
    expect(event).toEqual({
      version: '2.0',
      routeKey: '$default',
      rawPath: '/a%20b/c',
      rawQueryString: 'x=1&x=2&y=%C3%A9&z',
      cookies: ['a=1', 'b=2'],
      headers: expect.objectContaining({
        host: server.address,
        'x-some': 'Thing',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-port': String(server.port),
        'x-forwarded-proto': 'http',
      }),
      queryStringParameters: { x: '1,2', y: 'é', z: '' },
      requestContext: {
        accountId: 'anonymous',
        apiId: 'local',
        domainName: server.address,
        domainPrefix: '127',
        http: {
          method: 'GET',
          path: '/a%20b/c',
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: 'tester',
        },
        requestId,
        routeKey: '$default',
        stage: '$default',
        time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
        timeEpoch: expect.any(Number),
      },
      isBase64Encoded: false,
    });
    expect(event.headers).not.toHaveProperty('cookie');
    await respond(server, requestId, 'null');
    await answered;
  });

  it('decodes headers as UTF-8, and others as Latin-1', async () => {
    const sent = (text: string) => Buffer.from(text).toString('latin1');
    const { answered, requestId, event } = await call('/', {
      headers: {
        'X-City': sent('Zürich 東京'),
        Cookie: sent('a=é'),
        'User-Agent': sent('é'),
        'X-Other': 'Zürich',
      },
    });
    expect(event).toMatchObject({
      headers: { 'x-city': 'Zürich 東京', 'x-other': 'Zürich' },
      cookies: ['a=é'],
      requestContext: { http: { userAgent: 'é' } },
    });
    await respond(server, requestId, 'null');
    await answered;
  });

  it.each([
    ['application/json', '{"é":1}', false],
    ['text/plain; charset=utf-8', 'é', false],
    ['application/xml', '<a/>', false],
    ['application/x-www-form-urlencoded', 'a=1', true],
    ['application/problem+json', '{}', true],
    ['image/png', 'é', true],
    [undefined, 'é', true],
  ])('has a body of type %s as text or as base64', async (type, body, isBase64Encoded) => {
    const { answered, requestId, event } = await call('/', {
      method: 'PUT',
      body: Buffer.from(body),
      headers: type === undefined ? {} : { 'Content-Type': type },
    });
    expect(event).toMatchObject({ isBase64Encoded, requestContext: { http: { method: 'PUT' } } });
    expect(Buffer.from(event.body, isBase64Encoded ? 'base64' : 'utf8').toString()).toBe(body);
    await respond(server, requestId, 'null');
    await answered;
  });
});

describe('the response', () => {
  it('has the status, headers, cookies and body of an object with a statusCode', async () => {
    const response = await answer({
      statusCode: 302,
      headers: { Location: '/there', 'X-Number': 7, 'Content-Type': 'text/html', 'Content-Length': '99' },
      cookies: ['a=1; Path=/', 'b=2'],
      body: '<p>é</p>',
    });
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe('/there');
    expect(response.headers.get('x-number')).toBe('7');
    expect(response.headers.get('content-type')).toBe('text/html');
    expect(response.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2']);
    expect(await response.text()).toBe('<p>é</p>');
  });

  it('has the decoded bytes of a body in base64', async () => {
    const bytes = Buffer.from([0, 255, 1]);
    const response = await answer({
      statusCode: 200,
      headers: { 'content-type': 'image/png' },
      body: bytes.toString('base64'),
      isBase64Encoded: true,
    });
    expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
    expect(response.headers.get('content-type')).toBe('image/png');
  });

  it('is the result as JSON if the result has no statusCode', async () => {
    for (const [result, body] of [
      [{ message: 'é' }, '{"message":"é"}'],
      ['text', '"text"'],
      [null, 'null'],
      [[1], '[1]'],
    ]) {
      const response = await answer(result);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('application/json');
      expect(await response.text()).toBe(body);
    }
  });

  it('without a body is empty', async () => {
    for (const result of [
      { statusCode: 204 },
      { statusCode: 204, headers: null, cookies: null, body: null },
    ]) {
      const response = await answer(result);
      expect(response.status).toBe(204);
      expect(await response.text()).toBe('');
    }
  });

  it.each([
    ['an invalid status', { statusCode: 'no' }],
    ['a body that is not text', { statusCode: 200, body: {} }],
    ['headers that are not an object', { statusCode: 200, headers: [] }],
    ['cookies that are not an array', { statusCode: 200, cookies: 'a=1' }],
    ['a header that cannot be sent', { statusCode: 200, headers: { 'x-a': 'a\nb' } }],
  ])('with %s is a bad gateway', async (_what, result) => {
    const response = await answer(result);
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ errorType: 'Runtime.InvalidHttpResponse' });
  });

  it('of a handler that throws is a bad gateway, and shows the error', async () => {
    const { answered, requestId } = await call('/');
    await fail(server, requestId, '{"errorType":"TypeError","errorMessage":"no"}');
    const response = await answered;
    expect(response.status).toBe(502);
    expect(await response.json()).toEqual({ errorType: 'TypeError', errorMessage: 'no' });
  });

  it('is 503 when nothing polls', async () => {
    expect((await fetch(`http://${server.address}/`)).status).toBe(503);
  });
});

describe('a streamed response', () => {
  const PRELUDE = JSON.stringify({
    statusCode: 418,
    headers: { 'X-Kind': 'tea', 'Content-Type': 'text/plain' },
    cookies: ['c=3'],
  });

  it('has the status and headers of its prelude, however the chunks are split', async () => {
    const { answered, requestId } = await call('/');
    const { req } = openIntegration(requestId);
    await write(req, PRELUDE.slice(0, 10));
    await write(req, `${PRELUDE.slice(10)}\0\0\0`);
    await write(req, '\0\0\0\0\0first ');
    const response = await answered;
    expect(response.status).toBe(418);
    expect(response.headers.get('x-kind')).toBe('tea');
    expect(response.headers.getSetCookie()).toEqual(['c=3']);
    const reader = response.body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('first ');
    req.end('second');
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('second');
    expect((await reader?.read())?.done).toBe(true);
  });

  it('without a prelude has status 200 and the posted content type', async () => {
    const { answered, requestId } = await call('/');
    const { req } = openStream(server, requestId);
    req.end('plain');
    const response = await answered;
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain');
    expect(await response.text()).toBe('plain');
  });

  it('without a body has status 200 and the posted content type', async () => {
    const { answered, requestId } = await call('/');
    openStream(server, requestId).req.end();
    const response = await answered;
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain');
    expect(await response.text()).toBe('');
  });

  it('that fails after its first byte is aborted', async () => {
    const { answered, requestId } = await call('/');
    const { req } = openStream(server, requestId);
    req.write('part');
    const response = await answered;
    req.addTrailers({ 'Lambda-Runtime-Function-Error-Type': 'Function.Error' });
    req.end();
    await expect(response.text()).rejects.toThrow();
  });

  it('with an invalid prelude is a bad gateway, before the stream has ended', async () => {
    const { answered, requestId } = await call('/');
    const { req } = openIntegration(requestId);
    await write(req, `nonsense${'\0'.repeat(8)}`);
    expect((await answered).status).toBe(502);
    expect(server.inFlight).toBe(1);
    req.end('more');
  });

  it('that ends within its prelude is a bad gateway', async () => {
    const { answered, requestId } = await call('/');
    openIntegration(requestId).req.end('{"statusCode":200}');
    expect((await answered).status).toBe(502);
  });

  function openIntegration(requestId: string) {
    const req = request(`http://${server.address}/2018-06-01/runtime/invocation/${requestId}/response`, {
      method: 'POST',
      agent: false,
      headers: {
        'Content-Type': 'application/vnd.awslambda.http-integration-response',
        'Lambda-Runtime-Function-Response-Mode': 'streaming',
        'Transfer-Encoding': 'chunked',
      },
    });
    req.on('error', () => {});
    return { req };
  }

  function write(req: ReturnType<typeof request>, text: string): Promise<unknown> {
    return new Promise((resolve) => req.write(text, resolve));
  }
});

it('a response that is not JSON is sent unchanged', async () => {
  const { answered, requestId } = await call('/');
  await respond(server, requestId, 'no JSON');
  const response = await answered;
  expect(response.status).toBe(200);
  expect(await response.text()).toBe('no JSON');
});

it('requests to reserved paths do not become events', async () => {
  for (const path of ['/2015-03-31/functions', '/2018-06-01/runtime/x', '/_lambda/', '/_lambda']) {
    expect((await fetch(`http://${server.address}${path}`)).status).toBe(404);
  }
});

it('a body over the limit is refused', async () => {
  const response = await fetch(`http://${server.address}/`, {
    method: 'POST',
    body: Buffer.alloc(6 * 1024 * 1024 + 101),
  });
  expect(response.status).toBe(413);
});
