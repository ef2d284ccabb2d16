import type { LocalSettings } from '../config/config.ts';
import type { InvokeApiContext } from '../local/lambda-api/invoke-request.ts';
import type { HttpExchange } from '../local/http-exchange.ts';
import type { Route } from '../local/http-server.ts';
import type { InvokeResult } from '../local/invoke.ts';
import type { LocalServerObserver } from '../local/open-invocations.ts';
import { INVOCATION_CHANNEL, THREAD_CHANNEL, subscribeToChannel } from '../observability/channels.ts';
import type { PublishedInvocation, PublishedThread } from '../observability/channels.ts';
import type { StatsSource } from '../observability/stats.ts';
import type { ProfileSource } from '../profiling/profiles.ts';
import type { LoggedLine } from '../protocol.ts';
import type { ConsoleRoutes } from './routes.ts';
import { History } from './history.ts';

/**
 * The console of the local server. It records from the start, so that a page opened later shows past invocations and
 * existing threads. The module that serves the page is loaded on the first request.
 */
export class LocalConsole implements LocalServerObserver {
  readonly path = '/_lambda/console';
  readonly #history: History;
  readonly #stopListening: readonly (() => void)[];
  #routes: Promise<ConsoleRoutes> | undefined;
  #runtime: ProfileSource | undefined;

  constructor(settings: LocalSettings) {
    const history = new History(settings);
    this.#history = history;
    this.#stopListening = [
      subscribeToChannel<PublishedInvocation>(INVOCATION_CHANNEL, {
        start: (context) => history.invocations.arrived(context),
        end: (context) => history.invocations.dispatched(context),
        asyncStart: (context) => history.invocations.concluding(context),
        asyncEnd: (context) => history.invocations.ended(context),
      }),
      subscribeToChannel<PublishedThread>(THREAD_CHANNEL, {
        start: (context) => history.threads.starts(context),
        end: (context) => history.threads.ready(context),
        asyncStart: (context) => history.threads.retired(context),
        asyncEnd: (context) => {
          history.threads.ended(context);
          history.log.threadEnded(context);
        },
      }),
    ];
  }

  /** Sets the runtime whose metrics and profiles the console shows. */
  setRuntime(runtime: StatsSource & ProfileSource): void {
    this.#runtime = runtime;
    this.#history.sampler.setStatsSource(runtime);
  }

  invoked(requestId: string, event: string | Uint8Array, result: Promise<InvokeResult>): void {
    this.#history.invocations.called(requestId, event, result);
  }

  streamed(requestId: string, bytes: number): void {
    this.#history.invocations.streamed(requestId, bytes);
  }

  refused(): void {
    this.#history.refusals.add();
  }

  logged({ line, requestId }: LoggedLine): void {
    this.#history.log.add(line, requestId);
    if (requestId !== undefined) this.#history.invocations.logged(requestId, line);
  }

  route(invokeApi: InvokeApiContext): Route {
    return (exchange) => {
      const [path = ''] = (exchange.req.url ?? '').split('?');
      const isConsolePath = path === this.path || path.startsWith(`${this.path}/`);
      if (isConsolePath) void this.#answer(exchange, path.slice(this.path.length), invokeApi);
      return isConsolePath;
    };
  }

  close(): void {
    for (const stop of this.#stopListening) stop();
    void this.#routes?.then((routes) => routes.close());
  }

  async #answer(exchange: HttpExchange, rest: string, invokeApi: InvokeApiContext): Promise<void> {
    this.#routes ??= import('./routes.ts').then(
      ({ ConsoleRoutes }) => new ConsoleRoutes(this.#history, invokeApi, () => this.#runtime),
    );
    (await this.#routes).handle(exchange, rest);
  }
}
