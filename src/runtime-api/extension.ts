import { Connection } from './connection.ts';
import type { Log } from '../logging/log.ts';

/**
 * Registers the runtime as an internal extension, the only way to get a SIGTERM before the SIGKILL of a shutdown.
 * Resolves when it is done, or cannot be done here; never rejects. Returns what ends the registration.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
 */
export async function registerExtension(runtimeApi: string, log: Log): Promise<() => Promise<void>> {
  const connection = new Connection(runtimeApi);
  try {
    const { status, headers } = await connection.send({
      method: 'POST',
      path: `${EXTENSION_API}/register`,
      headers: ['content-type', 'application/json', 'lambda-extension-name', EXTENSION_NAME],
      body: '{"events":[]}',
      headersTimeout: REGISTER_TIMEOUT_MS,
    }).answer;
    const identifier = headers[IDENTIFIER];
    if (status === 200 && typeof identifier === 'string') {
      // Init does not complete before this is open; it stays so for as long as the environment lives.
      connection
        .send({
          method: 'GET',
          path: `${EXTENSION_API}/event/next`,
          headers: [IDENTIFIER, identifier],
        })
        .answer.catch(() => undefined);
      return () => connection.destroy();
    }
    log.debug({ status }, 'There is no extensions API here: shutdowns will not be announced');
  } catch (error) {
    log.debug(
      { reason: (error as Error).message },
      'Registering as an extension failed: shutdowns will not be announced',
    );
  }
  await connection.destroy();
  return () => Promise.resolve();
}

const EXTENSION_API = '/2020-01-01/extension';
const EXTENSION_NAME = 'lambda-managed-runtime';
const IDENTIFIER = 'lambda-extension-identifier';
const REGISTER_TIMEOUT_MS = 2_000;
