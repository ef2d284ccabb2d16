import { readFile } from 'node:fs/promises';
import { MAX_PAYLOAD_BYTES, bytesAnswer, collectBody, jsonAnswer } from '../local/http-exchange.ts';
import type { HttpAnswer, HttpExchange } from '../local/http-exchange.ts';
import { apiError } from '../local/lambda-api/invoke-answers.ts';
import type { InvokeApiContext } from '../local/lambda-api/invoke-request.ts';
import { CONSOLE_PAGE } from '../package-files.ts';
import { Bursts, readBurstRequest } from './bursts.ts';
import type { ProfileSource } from '../profiling/profiles.ts';
import type { History } from './history.ts';
import { LiveStream } from './live-stream.ts';
import type { BurstStarted } from './messages.ts';
import { ProfileRoutes } from './profile-routes.ts';

/** Serves the console's path: the page, its event stream and its requests. */
export class ConsoleRoutes {
  readonly #history: History;
  readonly #bursts: Bursts;
  readonly #live: LiveStream;
  readonly #profiles: ProfileRoutes;

  constructor(history: History, invokeApi: InvokeApiContext, runtime: () => ProfileSource | undefined) {
    this.#history = history;
    this.#profiles = new ProfileRoutes(runtime);
    this.#bursts = new Bursts(invokeApi);
    this.#live = new LiveStream({
      snapshot: () => history.snapshot(this.#bursts.state),
      takeUpdate: () => history.takeUpdate(this.#bursts.state),
      watched: (isWatched) => history.watched(isWatched),
    });
  }

  /** @param rest the path after the console's path, without the query. */
  handle(exchange: HttpExchange, rest: string): void {
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
    } else if (req.method === 'POST' && rest === '/profiles') this.#profiles.profile(exchange);
    else if (req.method === 'GET' && rest.startsWith(SNAPSHOTS))
      void this.#profiles.heapSnapshot(exchange, rest.slice(SNAPSHOTS.length));
    else reply(NOT_FOUND);
  }

  close(): void {
    this.#bursts.stop();
    this.#live.close();
  }

  #tellDetail({ reply }: HttpExchange, requestId: string): void {
    const detail = this.#history.invocations.detail(requestId);
    reply(detail === undefined ? NOT_RETAINED : jsonAnswer(200, detail, ['Cache-Control', 'no-store']));
  }

  #invoke({ req, reply }: HttpExchange): void {
    // The event is a JSON string in the body, where each quotation mark takes two bytes.
    collectBody(req, 2 * MAX_PAYLOAD_BYTES, (body) => {
      if (body === undefined) return reply(REQUEST_TOO_LARGE);
      const request = readBurstRequest(body);
      if ('refused' in request)
        return reply(apiError(400, 'InvalidRequestContentException', request.refused));
      if (Buffer.byteLength(request.event) > MAX_PAYLOAD_BYTES) return reply(REQUEST_TOO_LARGE);
      const started: BurstStarted = { requestId: this.#bursts.start(request) };
      reply(jsonAnswer(202, started));
    });
  }
}

const INVOCATIONS = '/invocations';
const SNAPSHOTS = '/heap-snapshots/';
const NOT_FOUND = apiError(404, 'ResourceNotFoundException', 'Nothing is served at this path');
const NOT_RETAINED = apiError(
  404,
  'ResourceNotFoundException',
  'The console no longer retains this invocation',
);
const REQUEST_TOO_LARGE = apiError(413, 'RequestTooLargeException', 'The event exceeds 6 MiB');

/** The files of the page, by the path after the console's path. */
const PAGE_FILES: ReadonlyMap<string, PageFile> = new Map([
  ['', { name: 'index.html', type: 'text/html; charset=utf-8' }],
  ['/page.js', { name: 'page.js', type: 'text/javascript; charset=utf-8' }],
  ['/page.css', { name: 'page.css', type: 'text/css; charset=utf-8' }],
]);

interface PageFile {
  readonly name: string;
  readonly type: string;
}

/** Returns the response with a file of the page. */
async function pageFileAnswer({ name, type }: PageFile): Promise<HttpAnswer> {
  try {
    return bytesAnswer(200, await readFile(new URL(name, CONSOLE_PAGE)), ['Content-Type', type, ...HEADERS]);
  } catch {
    return apiError(503, 'ServiceException', 'The console’s page is not built. Run: npm run build:page');
  }
}

/** The page may load nothing from other hosts, and no page may frame it. */
const HEADERS = [
  'Content-Security-Policy',
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options',
  'nosniff',
  'Referrer-Policy',
  'no-referrer',
  'Cache-Control',
  'no-cache',
];
