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

/** The local server, where there is no Lambda. */
export interface LocalMode {
  readonly server: RuntimeApiServer;
  /** `host:port`, for the runtime and for callers alike. */
  readonly address: string;
  close(): Promise<void>;
}

/**
 * Starts the local server and writes to stderr how to call it. The runtime of this process polls it as any other
 * Runtime API.
 *
 * Rejects with a ManagedRuntimeError `LOCAL_SERVER_FAILED`.
 *
 * @param unused the Runtime API that the environment names, where it is not used.
 */
export async function startLocalMode(
  settings: LocalSettings,
  observer: LocalServerObserver,
  unused?: string,
): Promise<LocalMode> {
  const server = await startServer(settings, observer);
  const stopHearing = hearLoggedLines((logged) => {
    server.logged(logged.line, logged.requestId);
    observer.logged(logged);
  });
  process.stderr.write(banner(settings, server.address, observer.path, unused));
  return {
    server,
    address: server.address,
    async close() {
      stopHearing();
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
      // The Function URL takes all that is left, but what is below /_lambda/.
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
        ? `The address ${address} is in use. Stop what listens there, or set LOCAL_LAMBDA_PORT to another port (0: any).`
        : `The local server cannot listen on ${address}: ${(cause as Error).message}`;
    throw new ManagedRuntimeError('LOCAL_SERVER_FAILED', message, { cause });
  }
}

/**
 * What to type, for who has just started the local server.
 *
 * @param unused the Runtime API that the environment names, where it is not used.
 */
function banner(
  settings: LocalSettings,
  address: string,
  pagePath: string,
  unused: string | undefined,
): string {
  const { functionName, invocationEndpoint, concurrency, timeoutMs } = settings;
  const url = `http://${address}`;
  const why = unused === undefined ? 'is not set' : `(${unused}) is not used`;
  return `
AWS_LAMBDA_RUNTIME_API ${why}: the function "${functionName}" runs locally, up to ${concurrency} at once, ${timeoutMs / 1000} s each.

  watch it           ${url}${pagePath}
  with an event      curl ${url}${invocationEndpoint} --data '{"key":"value"}'
  as a Function URL  curl ${url}/
  with AWS's CLI     aws lambda invoke --endpoint-url ${url} --region us-east-1 --no-sign-request \\
                       --function-name ${functionName} --cli-binary-format raw-in-base64-out \\
                       --payload '{"key":"value"}' /dev/stdout

Ctrl-C stops it.

`;
}

/** Has each line heard that the code of handlers writes, in whichever thread. Returns what ends that. */
function hearLoggedLines(onLine: (line: LoggedLine) => void): () => void {
  const channel = new BroadcastChannel(LOGGED_LINES_CHANNEL);
  channel.onmessage = (event) => onLine((event as { readonly data: LoggedLine }).data);
  return () => channel.close();
}
