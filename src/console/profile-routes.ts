import { pipeline } from 'node:stream/promises';
import { collectBody, jsonAnswer } from '../local/http-exchange.ts';
import type { HttpAnswer, HttpExchange } from '../local/http-exchange.ts';
import { apiError } from '../local/lambda-api/invoke-answers.ts';
import type { ProfileSource } from '../profiling/profiles.ts';
import type { ProfileRequest, ProfileResult } from './messages.ts';

/** Serves the profiles and heap snapshots that the page asks for. */
export class ProfileRoutes {
  readonly #runtime: () => ProfileSource | undefined;
  #isProfiling = false;

  /** @param runtime returns the current runtime; undefined until there is one. */
  constructor(runtime: () => ProfileSource | undefined) {
    this.#runtime = runtime;
  }

  /** Profiles all threads. One request at a time, because each profile slows all threads down. */
  profile({ req, reply }: HttpExchange): void {
    collectBody(req, MAX_REQUEST_BYTES, (body) => {
      if (this.#isProfiling) return reply(BUSY);
      this.#isProfiling = true;
      void this.#take(body).then((answer) => {
        this.#isProfiling = false;
        reply(answer);
      });
    });
  }

  /** Streams a heap snapshot. */
  async heapSnapshot({ res, reply }: HttpExchange, thread: string): Promise<void> {
    const runtime = this.#runtime();
    if (runtime === undefined || !/^\d+$/.test(thread)) return reply(NO_RUNTIME);
    try {
      const snapshot = await runtime.heapSnapshot(Number(thread));
      res.writeHead(200, {
        'Content-Type': 'application/octet-stream',
        'Content-Disposition': `attachment; filename="thread-${thread}.heapsnapshot"`,
        'Cache-Control': 'no-store',
      });
      await pipeline(snapshot, res);
    } catch (error) {
      if (!res.headersSent) reply(failed(error));
    }
  }

  async #take(body: Buffer | undefined): Promise<HttpAnswer> {
    const runtime = this.#runtime();
    if (runtime === undefined) return NO_RUNTIME;
    try {
      const { seconds } = JSON.parse(String(body)) as ProfileRequest;
      const result: ProfileResult = await runtime.profileCpu({ seconds });
      return jsonAnswer(200, result, ['Cache-Control', 'no-store']);
    } catch (error) {
      return failed(error);
    }
  }
}

const MAX_REQUEST_BYTES = 1_000;

const BUSY = apiError(409, 'ResourceConflictException', 'Another profile is being taken');
const NO_RUNTIME = apiError(404, 'ResourceNotFoundException', 'There is no such thread');

function failed(error: unknown): HttpAnswer {
  return apiError(400, 'InvalidRequestContentException', (error as Error).message);
}
