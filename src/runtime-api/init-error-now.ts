import { Worker } from 'node:worker_threads';
import { errorTypeHeader } from './error-type-header.ts';

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
    Atomics.wait(done, 0, 0, TIMEOUT_MS);
    void worker.terminate();
  } catch {
    // No threads, or no memory for one: the exit code says it too.
  }
}

const TIMEOUT_MS = 2_000;

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
