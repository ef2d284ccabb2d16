import { apiError } from '../local/front-answers.ts';
import type { FrontSettings } from '../local/front.ts';
import { jsonAnswer } from '../local/http-answers.ts';
import type { Exchange } from '../local/http-answers.ts';
import { collectBody, MAX_PAYLOAD_BYTES } from '../local/request-body.ts';
import { readBurstRequest } from './burst-request.ts';
import { Bursts } from './bursts.ts';
import type { Ledgers } from './ledgers.ts';
import { LiveStream } from './live-stream.ts';
import type { BurstStarted } from './messages.ts';
import { PAGE_FILES, pageFileAnswer } from './page-files.ts';

/** What answers at the console's path and below: the page, what it is told, what it sends. */
export class ConsoleRoutes {
  readonly #ledgers: Ledgers;
  readonly #bursts: Bursts;
  readonly #live: LiveStream;

  constructor(ledgers: Ledgers, front: FrontSettings) {
    this.#ledgers = ledgers;
    this.#bursts = new Bursts(front);
    this.#live = new LiveStream({
      snapshot: () => ledgers.snapshot(this.#bursts.state),
      takeUpdate: () => ledgers.takeUpdate(this.#bursts.state),
      watched: (isWatched) => ledgers.watched(isWatched),
    });
  }

  /** @param rest what follows the console's path, without a query. */
  handle(exchange: Exchange, rest: string): void {
    const { req, res, reply } = exchange;
    const file = PAGE_FILES.get(rest === '/' ? '' : rest);
    if (req.method === 'GET' && file !== undefined) void pageFileAnswer(file).then(reply);
    else if (req.method === 'GET' && rest === '/events') this.#live.add(res);
    else if (req.method === 'GET' && rest.startsWith(`${INVOCATIONS}/`)) {
      this.#tellDetail(exchange, rest.slice(INVOCATIONS.length + 1));
    } else if (req.method === 'POST' && rest === INVOCATIONS) this.#invoke(exchange);
    else if (req.method === 'DELETE' && rest === INVOCATIONS) {
      this.#bursts.stop();
      reply(jsonAnswer(202, {}));
    } else reply(NOT_FOUND);
  }

  close(): void {
    this.#bursts.stop();
    this.#live.close();
  }

  #tellDetail({ reply }: Exchange, requestId: string): void {
    const detail = this.#ledgers.invocations.detail(requestId);
    reply(detail === undefined ? FORGOTTEN : jsonAnswer(200, detail, ['Cache-Control', 'no-store']));
  }

  #invoke({ req, reply }: Exchange): void {
    // In the page's JSON each quote of the event takes two bytes.
    collectBody(req, 2 * MAX_PAYLOAD_BYTES, (body) => {
      if (body === undefined) return reply(TOO_LARGE);
      const request = readBurstRequest(body);
      if ('refused' in request)
        return reply(apiError(400, 'InvalidRequestContentException', request.refused));
      if (Buffer.byteLength(request.event) > MAX_PAYLOAD_BYTES) return reply(TOO_LARGE);
      const started: BurstStarted = { requestId: this.#bursts.start(request) };
      reply(jsonAnswer(202, started));
    });
  }
}

const INVOCATIONS = '/invocations';
const NOT_FOUND = apiError(404, 'ResourceNotFoundException', 'The console has nothing at this path');
const FORGOTTEN = apiError(404, 'ResourceNotFoundException', 'This invocation is no longer kept');
const TOO_LARGE = apiError(413, 'RequestTooLargeException', 'The event is larger than 6 MiB');
