import type { Dispatcher } from 'undici';
import { Promise } from '../builtins.ts';
import { ManagedRuntimeError } from '../errors.ts';
import { POLL_SCHEDULE, delayAfter } from '../retry-schedule.ts';
import { Connection } from './connection.ts';
import { REACHED_AFTER_MS } from './retry.ts';
import type { RequestsObserver } from '../observability/observer.ts';
import type { Log } from '../logging/log.ts';
import { onAbort, sleepUnlessAborted } from '../waiting.ts';

/**
 * Registers the runtime as an internal extension. Without one, Lambda sends SIGKILL at shutdown without a SIGTERM before it.
 * Resolves when the runtime is registered, when registration is not available, or when the signal aborts.
 *
 * @returns a function that ends the registration.
 * @throws ManagedRuntimeError `RUNTIME_API_UNREACHABLE` when the response to the registration is lost. Lambda waits for the
 *   poll of a registered extension, so without one it might never send an event.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
 */
export async function registerExtension(
  runtimeApi: string,
  log: Log,
  observer: RequestsObserver,
  stop: AbortSignal,
): Promise<() => Promise<void>> {
  if (stop.aborted) return NOTHING_TO_END;
  const connection = new Connection(runtimeApi, observer);
  const ending = new AbortController();
  const end = () => {
    ending.abort();
    return connection.destroy();
  };
  const removeListener = onAbort(stop, () => void end());
  const registration = connection.send(REGISTER);
  try {
    const { status, headers } = await registration.response;
    const identifier = headers[IDENTIFIER];
    if (status === 200 && typeof identifier === 'string') {
      void stayRegistered(connection, identifier, log, ending.signal);
      return end;
    }
    log.debug({ status }, 'The Extensions API is not available: shutdowns will not be announced');
  } catch (error) {
    const reason = (error as Error).message;
    if (stop.aborted) return NOTHING_TO_END;
    if (registration.sent) {
      await end();
      const message = `The response to the registration as an extension was lost: ${reason}.`;
      throw new ManagedRuntimeError('RUNTIME_API_UNREACHABLE', message, { cause: error });
    }
    log.debug({ reason }, 'Registering as an extension failed: shutdowns will not be announced');
  } finally {
    removeListener();
  }
  await end();
  return NOTHING_TO_END;
}

const NOTHING_TO_END = () => Promise.resolve();

/** Keeps the extension's poll open. Lambda completes init only when it is open. */
async function stayRegistered(
  connection: Connection,
  identifier: string,
  log: Log,
  ending: AbortSignal,
): Promise<void> {
  const poll: Dispatcher.DispatchOptions = {
    method: 'GET',
    path: `${EXTENSION_API}/event/next`,
    headers: [IDENTIFIER, identifier],
  };
  for (let failures = 1; ; failures += 1) {
    const request = connection.send(poll);
    const reason = await request.response.then(
      ({ status }) => `the Extensions API responded with status ${status}`,
      (error: Error) => error.message,
    );
    if (request.openMs >= REACHED_AFTER_MS) failures = 1;
    const delayMs = delayAfter(failures, POLL_SCHEDULE);
    if (ending.aborted || delayMs === undefined) return;
    log.debug({ failures, reason }, 'The poll of the extension ended, will retry');
    if (!(await sleepUnlessAborted(delayMs, ending))) return;
  }
}

const EXTENSION_API = '/2020-01-01/extension';
const EXTENSION_NAME = 'lambda-managed-runtime';
const IDENTIFIER = 'lambda-extension-identifier';

/** Well below the 130 s that init may take. */
const REGISTER_TIMEOUT_MS = 60_000;

const REGISTER = {
  method: 'POST',
  path: `${EXTENSION_API}/register`,
  headers: ['content-type', 'application/json', 'lambda-extension-name', EXTENSION_NAME],
  body: '{"events":[]}',
  headersTimeout: REGISTER_TIMEOUT_MS,
  bodyTimeout: REGISTER_TIMEOUT_MS,
} satisfies Dispatcher.DispatchOptions;
