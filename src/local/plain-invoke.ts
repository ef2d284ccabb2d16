import { randomUUID } from 'node:crypto';
import { apiError, invokeAnswer, THROTTLED } from './front-answers.ts';
import type { FrontSettings } from './front.ts';
import { whenGone } from './http-answers.ts';
import type { Route } from './http-server.ts';
import { isJson, TOO_LARGE } from './invoke-request.ts';
import { collectBody, MAX_PAYLOAD_BYTES } from './request-body.ts';

/** Makes the endpoint for who types: the body posted is the event, the answer is the handler's response. */
export function plainInvokeRoute(settings: FrontSettings, endpoint: string): Route {
  return ({ req, res, reply }) => {
    if (req.method !== 'POST' || req.url !== endpoint) return false;
    collectBody(req, MAX_PAYLOAD_BYTES, (body) => {
      if (body === undefined) return reply(TOO_LARGE);
      const event = body.length === 0 ? Buffer.from('{}') : body;
      if (!isJson(event)) return reply(NOT_JSON);
      if (settings.isFull()) return reply(THROTTLED);
      const answered = settings.invoke(event, { requestId: randomUUID(), whileWaiting: whenGone(res) });
      void answered.then((result) => reply(invokeAnswer(result, '$LATEST')));
    });
    return true;
  };
}

const NOT_JSON = apiError(
  400,
  'InvalidRequestContentException',
  'The body is the event, and it must be JSON',
);
