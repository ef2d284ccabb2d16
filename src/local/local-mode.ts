import { BroadcastChannel } from 'node:worker_threads';
import type { LocalSettings } from '../config/config.ts';
import { ManagedRuntimeError } from '../errors.ts';
import { LOGGED_LINES_CHANNEL } from '../protocol.ts';
import type { LoggedLine } from '../protocol.ts';
import { hostAndPort } from './http-server.ts';
import { functionUrlRoute } from './lambda-api/function-url.ts';
import { plainInvokeRoute } from './lambda-api/invoke-api.ts';
import type { LocalServerObserver } from './open-invocations.ts';
import { startRuntimeApiServer } from './runtime-api-server.ts';
import type { RuntimeApiServer } from './runtime-api-server.ts';

/** The local server, which runs where there is no Lambda Runtime API. */
export interface LocalMode {
  readonly server: RuntimeApiServer;
  /** `host:port`, for both the runtime and callers. */
  readonly address: string;
  close(): Promise<void>;
}

/**
 * Starts the local server and prints usage instructions on stderr. The runtime polls the server like Lambda's Runtime
 * API.
 *
 * Rejects with a ManagedRuntimeError `LOCAL_SERVER_FAILED`.
 *
 * @param ignoredApi the value of AWS_LAMBDA_RUNTIME_API, if it is set but ignored.
 */
export async function startLocalMode(
  settings: LocalSettings,
  observer: LocalServerObserver,
  ignoredApi?: string,
): Promise<LocalMode> {
  const server = await startServer(settings, observer);
  const stopListening = onLoggedLines((logged) => {
    server.logged(logged.line, logged.requestId);
    observer.logged(logged);
  });
  process.stderr.write(banner(settings, server.address, observer.path, ignoredApi));
  return {
    server,
    address: server.address,
    async close() {
      stopListening();
      observer.close();
      await server.close();
    },
  };
}

async function startServer(
  settings: LocalSettings,
  observer: LocalServerObserver,
): Promise<RuntimeApiServer> {
  const { host, port, functionName, timeoutMs, concurrency, invocationEndpoint } = settings;
  try {
    return await startRuntimeApiServer({
      host,
      port,
      functionName,
      timeoutMs,
      concurrency,
      // The function URL accepts every path that the routes before it do not, except those below /_lambda/.
      moreRoutes: (invokeApi) => [
        observer.route(invokeApi),
        plainInvokeRoute(invokeApi, invocationEndpoint),
        functionUrlRoute(invokeApi),
      ],
      deliveryHistory: 1000,
      observer,
    });
  } catch (cause) {
    const address = hostAndPort(host, port);
    const message =
      (cause as NodeJS.ErrnoException).code === 'EADDRINUSE'
        ? `The address ${address} is in use. Stop the process that listens there, or set LOCAL_LAMBDA_PORT to another port (0: any free port). The commands take --port, too.`
        : `The local server cannot listen on ${address}: ${(cause as Error).message}`;
    throw new ManagedRuntimeError('LOCAL_SERVER_FAILED', message, { cause });
  }
}

/**
 * Returns usage instructions for the local server.
 *
 * @param ignoredApi the value of AWS_LAMBDA_RUNTIME_API, if it is set but ignored.
 */
function banner(
  settings: LocalSettings,
  address: string,
  pagePath: string,
  ignoredApi: string | undefined,
): string {
  const { functionName, invocationEndpoint, concurrency, timeoutMs } = settings;
  const url = `http://${address}`;
  const apiState = ignoredApi === undefined ? 'is not set' : `(${ignoredApi}) is ignored`;
  return `
AWS_LAMBDA_RUNTIME_API ${apiState}: the function "${functionName}" runs locally with concurrency ${concurrency} and a timeout of ${timeoutMs / 1000} s.

  Console            ${url}${pagePath}
  Invoke             curl ${url}${invocationEndpoint} --data '{"key":"value"}'
  Function URL       curl ${url}/
  AWS CLI            aws lambda invoke --endpoint-url ${url} --region us-east-1 --no-sign-request \\
                       --function-name ${functionName} --cli-binary-format raw-in-base64-out \\
                       --payload '{"key":"value"}' /dev/stdout

Press Ctrl-C to stop.

`;
}

/** Calls back with each line that handlers write, on any thread. Returns a function that unsubscribes. */
function onLoggedLines(onLine: (line: LoggedLine) => void): () => void {
  const channel = new BroadcastChannel(LOGGED_LINES_CHANNEL);
  channel.onmessage = (event) => onLine((event as { readonly data: LoggedLine }).data);
  return () => channel.close();
}
