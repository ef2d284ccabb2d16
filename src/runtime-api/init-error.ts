import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { Log } from '../logging/log.ts';
import type { RequestsObserver } from '../observability/observer.ts';
import { INIT_ERROR_SCHEDULE, delayAfter } from '../retry-schedule.ts';
import { API_VERSION, Connection, POST_TIMEOUTS } from './connection.ts';
import { errorTypeHeader } from './error-type-header.ts';
import { onAbort, sleepUnlessAborted } from '../waiting.ts';

/** Posts an init error with retries until the signal aborts. Never rejects, because Lambda also sees the exit code. */
export async function postInitError(
  runtimeApi: string,
  diagnostic: EncodedDiagnostic,
  log: Log,
  observer: RequestsObserver,
  stop: AbortSignal,
): Promise<void> {
  const connection = new Connection(runtimeApi, observer);
  const removeListener = onAbort(stop, () => void connection.destroy());
  for (let failures = 0; !stop.aborted;) {
    try {
      const { status } = await connection.send({
        method: 'POST',
        path: `${API_VERSION}/runtime/init/error`,
        headers: ['content-type', 'application/json', ...errorTypeHeader(diagnostic.errorType)],
        body: diagnostic.body,
        ...POST_TIMEOUTS,
      }).response;
      if (status < 500) break;
      throw new Error(`The Runtime API responded with status ${status}.`);
    } catch (error) {
      if (stop.aborted) break;
      failures += 1;
      const delayMs = delayAfter(failures, INIT_ERROR_SCHEDULE);
      log.error({ failures, reason: (error as Error).message }, 'The init error could not be posted');
      if (delayMs === undefined) break;
      await sleepUnlessAborted(delayMs, stop);
    }
  }
  removeListener();
  await connection.destroy();
}
