import type { LocalSettings } from '../config/local-settings.ts';
import { ManagedRuntimeError } from '../errors.ts';
import { functionUrlRoute } from './function-url.ts';
import { hearLoggedLines } from './logged-lines.ts';
import { hostAndPort } from './loopback.ts';
import type { Onlooker } from './onlooker.ts';
import { plainInvokeRoute } from './plain-invoke.ts';
import { type RuntimeApiServer, startRuntimeApiServer } from './runtime-api-server.ts';
import { welcome } from './welcome.ts';

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
  onlooker: Onlooker,
  unused?: string,
): Promise<LocalMode> {
  const server = await startServer(settings, onlooker);
  const stopHearing = hearLoggedLines((logged) => {
    server.logged(logged.line, logged.requestId);
    onlooker.logged(logged);
  });
  process.stderr.write(welcome(settings, server.address, onlooker.path, unused));
  return {
    server,
    address: server.address,
    async close() {
      stopHearing();
      onlooker.close();
      await server.close();
    },
  };
}

async function startServer(settings: LocalSettings, onlooker: Onlooker): Promise<RuntimeApiServer> {
  const { host, port, functionName, timeoutMs, concurrency, invocationEndpoint } = settings;
  try {
    return await startRuntimeApiServer({
      host,
      port,
      functionName,
      timeoutMs,
      concurrency,
      // The Function URL takes all that is left, but what is below /_lambda/.
      moreRoutes: (front) => [
        onlooker.route(front),
        plainInvokeRoute(front, invocationEndpoint),
        functionUrlRoute(front),
      ],
      deliveryHistory: 1000,
      onlooker,
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
