import { afterEach, beforeEach, expect, it } from 'vitest';
import { type RuntimeApiServer, startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { next, respond } from './runtime.ts';

let server: RuntimeApiServer;
beforeEach(async () => {
  server = await startRuntimeApiServer({ functionName: 'resize' });
});
afterEach(() => server.close());

function register(body: string, name = 'internal', api = server): Promise<Response> {
  return fetch(`http://${api.address}/2020-01-01/extension/register`, {
    method: 'POST',
    body,
    headers: { 'Lambda-Extension-Name': name },
  });
}

function waitForEvent(id: string): Promise<Response> {
  return fetch(`http://${server.address}/2020-01-01/extension/event/next`, {
    headers: { 'Lambda-Extension-Identifier': id },
  });
}

it('an internal extension can register, and receives no event until the server closes', async () => {
  const waiting = server.whenExtensionWaiting();
  expect(server.extensionRegistered).toBe(false);
  const registered = await register('{"events":[]}');
  expect(registered.status).toBe(200);
  expect(await registered.json()).toEqual({
    functionName: 'resize',
    functionVersion: '$LATEST',
    handler: 'index.handler',
  });
  expect(server.extensionRegistered).toBe(true);
  const event = waitForEvent(registered.headers.get('lambda-extension-identifier') ?? '');
  await waiting;
  await server.close();
  await expect(event).rejects.toThrow(TypeError);
});

it.each(['INVOKE', 'SHUTDOWN'])('the event %s is refused for an internal extension', async (event) => {
  const refused = await register(JSON.stringify({ events: [event] }));
  expect(refused.status).toBe(403);
  expect(await refused.json()).toMatchObject({ errorType: 'Extension.InvalidEventType' });
  expect(server.extensionRegistered).toBe(false);
});

it('a malformed registration, one without a name and an unknown id are refused', async () => {
  expect((await register('{}')).status).toBe(403);
  expect((await register('nonsense')).status).toBe(403);
  expect((await register('{"events":[]}', '')).status).toBe(403);
  expect((await waitForEvent('stranger')).status).toBe(403);
  const unnamed = await fetch(`http://${server.address}/2020-01-01/extension/event/next`);
  expect(await unnamed.json()).toMatchObject({ errorType: 'Extension.UnknownExtensionIdentifier' });
});

it('initialization ends only when a registered extension waits for events', async () => {
  const registered = await register('{"events":[]}');
  const polled = next(server);
  await server.whenPolling(1);
  expect(await server.invoke('1')).toMatchObject({
    status: 'unavailable',
    errorMessage: 'An extension is not ready',
  });
  const invoked = server.invoke('2', { whenCapacity: true, requestId: 'waited' });
  expect(server.openPolls).toBe(1);
  void waitForEvent(registered.headers.get('lambda-extension-identifier') ?? '').catch(() => {});
  expect(await polled).toMatchObject({ requestId: 'waited', text: '2' });
  await respond(server, 'waited', '1');
  expect(await invoked).toMatchObject({ status: 'response' });
});

it('both requests of an extension can be delayed', async () => {
  server.faults.once('register', { type: 'delay', ms: 1 });
  server.faults.once('extension-next', { type: 'delay', ms: 1 });
  const registered = await register('{"events":[]}');
  void waitForEvent(registered.headers.get('lambda-extension-identifier') ?? '').catch(() => {});
  await server.whenExtensionWaiting();
  expect(server.faults.met).toBe(2);
});

it('registration is closed once a poll is open', async () => {
  const polled = next(server).catch(() => {});
  await server.whenPolling(1);
  const refused = await register('{"events":[]}');
  expect(refused.status).toBe(403);
  expect(await refused.json()).toMatchObject({ errorType: 'Extension.RegistrationClosed' });
  await server.close();
  await polled;
});

it('the Extensions API can be turned off', async () => {
  await using bare = await startRuntimeApiServer({ extensions: false });
  expect((await register('{"events":[]}', 'internal', bare)).status).toBe(404);
});
