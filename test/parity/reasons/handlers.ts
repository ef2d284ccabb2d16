import { absent, like } from './reason.ts';
import type { Reason } from './reason.ts';

/** What handlers are given, and what becomes of what they return. */
export const handlerReasons: readonly Reason[] = [
  {
    what: 'a result without a JSON form: BigInt, a circle, `toJSON` that throws',
    theirs: '`Runtime.JSONStringifyError`',
    ours: '`Runtime.UnserializableResponse`, with the reason and its `cause`',
    why: 'The message names the value that has to be changed.',
    covers: like({
      in: /^returns /,
      at: /answer\.(body\.(errorType|errorMessage|cause)|errorTypeHeader|xrayErrorCause.*)/,
      ours: /UnserializableResponse|no JSON form|serialize|circular|no JSON|no value/,
    }),
  },
  {
    what: 'a function or a symbol as the result',
    theirs: 'is never answered',
    ours: '`null`',
    why: '`JSON.stringify` has nothing for either, as for `undefined`, which is `null` in both.',
    covers: like({ in: /^returns (a function|a symbol)$/, at: /answer|log|exit/ }),
  },
  {
    what: 'a response of more than 6 MiB',
    theirs: 'one line that is not JSON; the caller is answered by Lambda',
    ours: 'an ERROR line with the request id, and the error `Function.ResponseSizeTooLarge` where Lambda still takes one',
    why: 'The log says which invocation it was.',
    covers: like(
      { in: /^returns more than 6 MiB$/ },
      { in: /^returns all kinds/, at: /log/, ours: absent, theirs: /413/ },
    ),
  },
  {
    what: 'an empty event',
    theirs: 'the process ends; with threads it is never answered',
    ours: 'the handler gets `{}`',
    why: 'One event must not end the environment.',
    covers: like({ in: /^gets an empty event$/ }),
  },
  {
    what: 'an event or a header that is malformed: no JSON, no deadline',
    theirs: 'the process ends; with threads it is never answered, or `getRemainingTimeInMillis()` is wrong',
    ours: '`Runtime.MalformedEvent`',
    why: 'The event is answered, and the environment serves on.',
    covers: like({
      in: /^gets (an event that is not JSON|a client context that is not JSON|no deadline|no function ARN)$/,
    }),
  },
  {
    what: '`context`: members',
    theirs: 'AWS’s fields',
    ours: 'also `signal`, `deadlineMs`, `waitUntil`, `w3c` and `callbackWaitsForEmptyEventLoop`; `done`, `succeed` and `fail` throw',
    why: 'What has no use here says so, and the type `Context` of `@types/aws-lambda` holds.',
    covers: like(
      { in: /^lists the members of the context$/ },
      { at: /answer\.body\.(callbackWaitsForEmptyEventLoop|types\.\w+)/, theirs: absent },
      { in: /^calls context\./ },
    ),
  },
  {
    what: 'trace and tenant headers that are absent or empty',
    theirs: 'with threads an empty string',
    ours: '`undefined`',
    why: 'Absent is one thing for all optional fields of the context.',
    covers: like({
      at: /answer\.body\.(xRayTraceId|tenantId|(before|after)\.trace|context)/,
      ours: (value) => value === undefined || JSON.stringify(value) === '[null,null]',
      theirs: /^(""|\["",.*\])$/,
    }),
  },
  {
    what: 'the tenant id: in the log, in the invoke store',
    theirs: 'neither',
    ours: 'both',
    why: 'AWS’s JSON format has the field `tenantId`, and the store has `getTenantId()`.',
    covers: like({ at: /log\.tenantId|answer\.body\.(before|after)\.tenant/, theirs: absent }),
  },
  {
    what: '`process.env._X_AMZN_TRACE_ID` with threads',
    theirs: 'not set',
    ours: 'set for each invocation, where a thread runs one at a time',
    why: 'Tracers that know only of this variable go on working.',
    covers: like({
      at: /answer\.body\.(_X_AMZN_TRACE_ID|(before|after)\.env)/,
      layouts: ['threads'],
      theirs: absent,
    }),
  },
  {
    what: '`context.awsRequestId` that the handler overwrites',
    theirs: 'is where the answer is sent: the invocation is never answered',
    ours: 'the answer does not depend on it',
    why: 'Each event is answered, whatever the handler does.',
    covers: like({ in: /^changes the context$/ }),
  },
  {
    what: '`this` in a handler that is a plain function',
    theirs: 'an object of the client’s',
    ours: '`undefined`',
    why: 'Nothing of the runtime is reachable by accident.',
    covers: like({ in: /^counts its arguments$/, at: /answer\.body\.self/ }),
  },
  {
    what: '`UV_THREADPOOL_SIZE`',
    theirs: 'as you set it',
    ours: 'the number of slots, 4 to 64, unless you set it',
    why: 'Threads would wait for each other in asynchronous file access and crypto.',
    covers: like({ at: /answer\.body\.UV_THREADPOOL_SIZE/ }),
  },
  {
    what: '`process.eventNames()`',
    theirs: '',
    ours: 'has `uncaughtException`',
    why: 'The runtime listens, so that the invocation is answered.',
    covers: like({ at: /answer\.body\.listeners/ }),
  },
];
