import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { dateNow } from '../builtins.ts';
import type { InvocationMetadata } from '../invocation/invocation.ts';
import { ANSWER_SCHEDULE, delayAfter } from '../retry-schedule.ts';
import { FEWEST_TRIES } from './answer.ts';
import type { StreamRoute } from './streamed-answer.ts';
import { wait } from './wait.ts';

/** Opens a connection, with as many tries as any answer gets; until it is open nothing of a stream is consumed. */
export async function connectForAnswer(
  { requestId, deadlineMs }: InvocationMetadata,
  { runtimeApi, log, observer }: StreamRoute,
  signal: AbortSignal,
): Promise<Socket | undefined> {
  for (let failures = 0; !signal.aborted;) {
    const socket = connect({ ...addressOf(runtimeApi), noDelay: true });
    try {
      await once(socket, 'connect', { signal });
      return socket;
    } catch (error) {
      socket.destroy();
      failures += 1;
      const reason = (error as Error).message;
      const delayMs = delayAfter(failures, ANSWER_SCHEDULE);
      if (delayMs === undefined || (failures >= FEWEST_TRIES && dateNow() + delayMs > deadlineMs)) {
        log.error({ requestId, failures, reason }, 'The answer could not be delivered');
        return undefined;
      }
      log.warn({ requestId, failures, reason }, 'Answering failed, will retry');
      observer.retries('answer');
      await wait(delayMs, signal);
    }
  }
  return undefined;
}

function addressOf(runtimeApi: string): { host: string; port: number } {
  const { hostname, port } = new URL(`http://${runtimeApi}`);
  return { host: hostname.replaceAll(/[[\]]/g, ''), port: Number(port || 80) };
}
