import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RuntimeApiServer, startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { get, next, openSocket, respond } from './runtime.ts';

let server: RuntimeApiServer;
beforeEach(async () => {
  server = await startRuntimeApiServer();
});
afterEach(() => server.close());

describe('open polls', () => {
  it('are served first in, first out', async () => {
    const order: string[] = [];
    const polls: Promise<unknown>[] = [];
    for (const [index, name] of ['a', 'b', 'c'].entries()) {
      polls.push(next(server).then(({ text }) => order.push(`${name}${text}`)));
      await server.whenPolling(index + 1);
    }
    for (const [index, event] of ['1', '2', '3'].entries()) {
      void server.invoke(event);
      await polls[index];
    }
    expect(order).toEqual(['a1', 'b2', 'c3']);
  });

  it('are the capacity: without one, the caller is refused at once', async () => {
    expect(await server.invoke('{}')).toEqual({
      status: 'unavailable',
      errorType: 'Runtime.Unavailable',
      errorMessage: 'No /next is open',
    });
    expect(server.deliveries.size).toBe(0);
  });

  it('are forgotten when their connection closes', async () => {
    const dead = await openSocket(server);
    dead.socket.write(get(server, 'invocation/next'));
    await server.whenPolling(1);
    const alive = next(server);
    await server.whenPolling(2);
    dead.socket.destroy();
    await expect.poll(() => server.openPolls).toBe(1);
    void server.invoke('"for the living"');
    expect((await alive).text).toBe('"for the living"');
  });

  it('serve callers that wait for capacity in their order', async () => {
    const first = server.invoke('1', { requestId: 'first', whenCapacity: true });
    const second = server.invoke('2', { requestId: 'second', whenCapacity: true });
    for (const requestId of ['first', 'second']) {
      expect(await next(server)).toMatchObject({ requestId });
      await respond(server, requestId, '0');
    }
    expect(await Promise.all([first, second])).toMatchObject([
      { status: 'response' },
      { status: 'response' },
    ]);
  });

  it('do not serve a caller that has given up waiting', async () => {
    const controller = new AbortController();
    const given = server.invoke('1', { whenCapacity: true, signal: controller.signal });
    controller.abort(new Error('changed my mind'));
    await expect(given).rejects.toThrow('changed my mind');
    void server.invoke('2', { whenCapacity: true });
    expect((await next(server)).text).toBe('2');
  });

  it('can be waited for, until a signal aborts', async () => {
    await expect(server.whenPolling(1, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    );
    const controller = new AbortController();
    const waiting = server.whenPolling(1, { signal: controller.signal });
    controller.abort(new Error('enough now'));
    await expect(waiting).rejects.toThrow('enough now');
  });
});
