import { randomUUID } from 'node:crypto';
import { dryRunAnswer, invokeAnswer, queuedAnswer, THROTTLED } from './front-answers.ts';
import { whenGone } from './http-answers.ts';
import type { Answer } from './http-answers.ts';
import type { Route } from './http-server.ts';
import type { InvokeOptions, InvokeResult } from './invoke.ts';
import { readInvokeRequest } from './invoke-request.ts';
import type { InvokeRequest } from './invoke-request.ts';
import type { LogTails } from './log-tails.ts';
import { collectBody, MAX_PAYLOAD_BYTES } from './request-body.ts';

/** The function that callers name, and the way to invoke it. */
export interface FrontSettings {
  readonly functionName: string;
  readonly functionArn: string;
  readonly invoke: (event: Buffer, options: InvokeOptions) => Promise<InvokeResult>;
  /** Whether there are as many invocations as there may be at once. If so, the caller must be refused: it counts as that. */
  readonly isFull: () => boolean;
  readonly logs: LogTails;
}

/**
 * Makes the Invoke API (`POST /2015-03-31/functions/{name}/invocations`), for AWS's SDKs and CLI. It says false of a
 * request that is not its own.
 *
 * With no poll parked a synchronous call gets a 503 `ServiceException`, which SDKs retry by default: a test that
 * wants to see it sets `maxAttempts: 1`. An `Event` call waits for a poll, as Lambda's queue would.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
export function frontRoutes(settings: FrontSettings): Route {
  return ({ req, res, reply }) => {
    const name = req.method === 'POST' ? INVOCATIONS.exec(req.url ?? '')?.[1] : undefined;
    if (name === undefined) return false;
    collectBody(req, MAX_PAYLOAD_BYTES, (body) => {
      const request = readInvokeRequest(settings, req, name, body);
      if ('refused' in request) reply(request.refused);
      else void answer(settings, request, randomUUID(), whenGone(res)).then(reply);
    });
    return true;
  };
}

const INVOCATIONS = /^\/2015-03-31\/functions\/([^/?]+)\/invocations\/?(?:\?|$)/;

async function answer(
  settings: FrontSettings,
  request: InvokeRequest,
  requestId: string,
  whileWaiting: AbortSignal,
): Promise<Answer> {
  const { event, version, wantsLog } = request;
  const options = { ...request.options, requestId };
  switch (request.type) {
    case 'DryRun':
      return dryRunAnswer(requestId, version);
    case 'Event':
      // Nobody waits for what becomes of it.
      void settings.invoke(event, { ...options, whenCapacity: true });
      return queuedAnswer(requestId, version);
    case 'RequestResponse': {
      if (settings.isFull()) return THROTTLED;
      const invoke = () => settings.invoke(event, { ...options, whileWaiting });
      if (!wantsLog) return invokeAnswer(await invoke(), version);
      const { result, logTail } = await settings.logs.keep(requestId, invoke);
      return invokeAnswer(result, version, logTail);
    }
  }
}
