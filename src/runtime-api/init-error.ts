import { Worker } from 'node:worker_threads';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { Log } from '../logging/log.ts';
import type { RequestsObserver } from '../observability/observer.ts';
import { INIT_ERROR_SCHEDULE, delayAfter } from '../retry-schedule.ts';
import { API_VERSION, Connection, POST_TIMEOUT_MS } from './connection.ts';
import { errorTypeHeader } from './headers.ts';
import { wait } from './retry.ts';

/** Tells Lambda that the function cannot start, unless the signal aborts. Never rejects: the exit code says it too. */
export async function postInitError(
  runtimeApi: string,
  diagnostic: EncodedDiagnostic,
  log: Log,
  observer: RequestsObserver,
  stop: AbortSignal,
): Promise<void> {
  const connection = new Connection(runtimeApi, observer);
  const giveUp = () => void connection.destroy();
  stop.addEventListener('abort', giveUp);
  for (let failures = 0; !stop.aborted;) {
    try {
      const { status } = await connection.send({
        method: 'POST',
        path: `${API_VERSION}/runtime/init/error`,
        headers: ['content-type', 'application/json', ...errorTypeHeader(diagnostic.errorType)],
        body: diagnostic.body,
        headersTimeout: POST_TIMEOUT_MS,
      }).answer;
      if (status < 500) break;
      throw new Error(`It was answered with status ${status}.`);
    } catch (error) {
      if (stop.aborted) break;
      failures += 1;
      const delayMs = delayAfter(failures, INIT_ERROR_SCHEDULE);
      log.error({ failures, reason: (error as Error).message }, 'The init error could not be posted');
      if (delayMs === undefined) break;
      await wait(delayMs, stop);
    }
  }
  stop.removeEventListener('abort', giveUp);
  await connection.destroy();
}

/**
 * Tells Lambda that the function cannot start, and blocks until that has been answered, for two seconds at most: what is
 * wrong with the configuration is thrown, and whoever catches it may end the process at once. Never throws. Does nothing
 * where there is no Runtime API.
 *
 * The command calls it also on versions of Node.js that the runtime does not support.
 */
export function postInitErrorNow(
  runtimeApi: string | undefined,
  errorType: `Runtime.${string}`,
  errorMessage: string,
): void {
  if (runtimeApi === undefined) return;
  const done = new Int32Array(new SharedArrayBuffer(4));
  const request: InitErrorRequest = {
    url: `http://${runtimeApi}/2018-06-01/runtime/init/error`,
    headers: ['content-type', 'application/json', ...errorTypeHeader(errorType)],
    body: JSON.stringify({ errorType, errorMessage, stackTrace: [] }),
    done,
  };
  try {
    // Neither flags nor preloaded modules of this process: one of them may be what is wrong.
    const worker = new Worker(SOURCE, { eval: true, workerData: request, env: {}, execArgv: [] });
    worker.on('error', () => undefined);
    worker.unref();
    Atomics.wait(done, 0, 0, PATIENCE_MS);
    void worker.terminate();
  } catch {
    // No threads, or no memory for one: the exit code says it too.
  }
}

const PATIENCE_MS = 2_000;

interface InitErrorRequest {
  readonly url: string;
  readonly headers: readonly string[];
  readonly body: string;
  /** Woken up when it has been answered, or cannot be. */
  readonly done: Int32Array<SharedArrayBuffer>;
}

/** Runs in a thread of its own, as text: it sees nothing but its parameters. */
function post(http: typeof import('node:http'), { url, headers, body, done }: InitErrorRequest): void {
  const wake = () => {
    Atomics.store(done, 0, 1);
    Atomics.notify(done, 0);
  };
  const request = http.request(url, { method: 'POST' }, (response) => response.resume().on('close', wake));
  for (let at = 0; at < headers.length; at += 2)
    request.setHeader(headers[at] as string, headers[at + 1] as string);
  request.on('error', wake);
  request.end(body);
}

const SOURCE = `(${String(post)})(require('node:http'), require('node:worker_threads').workerData)`;
