import type { LocalSettings } from '../config/config.ts';
import type { FrontSettings } from '../local/lambda-api/invoke-request.ts';
import type { Exchange } from '../local/http-exchange.ts';
import type { Route } from '../local/http-server.ts';
import type { InvokeResult } from '../local/invoke.ts';
import type { Onlooker } from '../local/local-server-observer.ts';
import { INVOCATION_CHANNEL, THREAD_CHANNEL, listen } from '../observability/channels.ts';
import type { PublishedInvocation, PublishedThread } from '../observability/channels.ts';
import type { StatsSource } from '../observability/stats.ts';
import type { LoggedLine } from '../protocol.ts';
import type { ConsoleRoutes } from './routes.ts';
import { Ledgers } from './history.ts';

/**
 * The console: remembers from the start what happens, so that who opens its page later sees what was, and threads that
 * are there already. What serves the page is loaded when somebody asks for it.
 */
export class LocalConsole implements Onlooker {
  readonly path = '/_lambda/console';
  readonly #ledgers: Ledgers;
  readonly #stopListening: readonly (() => void)[];
  #routes: Promise<ConsoleRoutes> | undefined;

  constructor(settings: LocalSettings) {
    const ledgers = new Ledgers(settings);
    this.#ledgers = ledgers;
    this.#stopListening = [
      listen<PublishedInvocation>(INVOCATION_CHANNEL, {
        start: (context) => ledgers.invocations.arrived(context),
        end: (context) => ledgers.invocations.dispatched(context),
        asyncStart: (context) => ledgers.invocations.concluding(context),
        asyncEnd: (context) => ledgers.invocations.ended(context),
      }),
      listen<PublishedThread>(THREAD_CHANNEL, {
        start: (context) => ledgers.threads.starts(context),
        end: (context) => ledgers.threads.ready(context),
        asyncEnd: (context) => {
          ledgers.threads.ended(context);
          ledgers.log.threadEnded(context);
        },
      }),
    ];
  }

  /** From now on the figures of this runtime are shown. */
  readsFigures(runtime: StatsSource): void {
    this.#ledgers.sampler.reads(runtime);
  }

  invoked(requestId: string, event: string | Uint8Array, result: Promise<InvokeResult>): void {
    this.#ledgers.invocations.called(requestId, event, result);
  }

  refused(): void {
    this.#ledgers.refused += 1;
  }

  logged({ line, requestId }: LoggedLine): void {
    this.#ledgers.log.add(line, requestId);
    if (requestId !== undefined) this.#ledgers.invocations.logged(requestId, line);
  }

  route(front: FrontSettings): Route {
    return (exchange) => {
      const [path = ''] = (exchange.req.url ?? '').split('?');
      const isOurs = path === this.path || path.startsWith(`${this.path}/`);
      if (isOurs) void this.#answer(exchange, path.slice(this.path.length), front);
      return isOurs;
    };
  }

  close(): void {
    for (const stop of this.#stopListening) stop();
    void this.#routes?.then((routes) => routes.close());
  }

  async #answer(exchange: Exchange, rest: string, front: FrontSettings): Promise<void> {
    this.#routes ??= import('./routes.ts').then(
      ({ ConsoleRoutes }) => new ConsoleRoutes(this.#ledgers, front),
    );
    (await this.#routes).handle(exchange, rest);
  }
}
