import { Worker } from 'node:worker_threads';
import { errorTypeHeader } from './error-type-header.ts';

/**
 * Posts an init error synchronously: blocks until Lambda has responded, for at most two seconds. A configuration error is
 * thrown, and the code that catches it may end the process at once. Never throws. Does nothing without a Runtime API.
 *
 * The command also calls it on versions of Node.js that the runtime does not support.
 */
export function postInitErrorSync(
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
    // The worker gets neither flags nor preloaded modules of this process, because they may be the cause of the error.
    const worker = new Worker(SOURCE, { eval: true, workerData: request, env: {}, execArgv: [] });
    worker.on('error', () => undefined);
    worker.unref();
    Atomics.wait(done, 0, 0, TIMEOUT_MS);
    void worker.terminate();
  } catch {
    // A thread could not be started. Lambda still sees the exit code.
  }
}

const TIMEOUT_MS = 2_000;

interface InitErrorRequest {
  readonly url: string;
  readonly headers: readonly string[];
  readonly body: string;
  /** Notified when the request has been answered or has failed. */
  readonly done: Int32Array<SharedArrayBuffer>;
}

/** Is passed to the worker as source text, so it must not use anything but its parameters. */
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
