import { absent, like } from './reason.ts';
import type { Reason } from './reason.ts';

/** What handlers are given, and what becomes of what they return. */
export const handlerReasons: readonly Reason[] = [
  {
    what: 'results without a JSON form: BigInt, circular objects, a `toJSON` that throws',
    theirs: '`Runtime.JSONStringifyError`',
    ours: '`Runtime.UnserializableResponse`, with the reason and its `cause`',
    why: 'The message says what to change.',
    covers: like(
      {
        in: /^returns /,
        at: /answer\.(body\.(errorType|errorMessage|cause|trace)|errorTypeHeader|xrayErrorCause.*)/,
        ours: /UnserializableResponse|cannot be converted to JSON|serialize|circular|no JSON|no value/,
      },
      {
        in: /^returns /,
        at: /log\.message\.(errorType|errorMessage|stackTrace|name)/,
        ours: /UnserializableResponse|cannot be converted to JSON/,
      },
    ),
  },
  {
    what: 'a function or a symbol as the result',
    theirs: 'The caller gets no answer.',
    ours: '`null`',
    why: '`JSON.stringify` returns `undefined` for both, and the runtime sends `null` for a result of `undefined`.',
    covers: like({ in: /^returns (a function|a symbol)$/, at: /answer|log|exit/ }),
  },
  {
    what: 'a response of more than 6 MiB',
    theirs: 'The client writes a line that is not JSON. Lambda answers the caller.',
    ours: 'The runtime writes an ERROR line and posts `Function.ResponseSizeTooLarge` if Lambda still accepts it.',
    why: 'The log identifies the invocation that failed.',
    covers: like(
      { in: /^returns more than 6 MiB$/ },
      { in: /^returns all kinds/, at: /log/, ours: absent, theirs: /413/ },
    ),
  },
  {
    what: 'an empty event',
    theirs: 'Without threads the process ends. With threads the caller gets no answer.',
    ours: 'The handler gets `{}`.',
    why: 'One event cannot end the environment.',
    covers: like({ in: /^gets an empty event$/ }),
  },
  {
    what: 'malformed events and headers: invalid JSON, no deadline, no ARN',
    theirs:
      'Without threads the process ends. With threads the caller gets no answer, or `getRemainingTimeInMillis()` is wrong.',
    ours: 'The caller gets `Runtime.MalformedEvent`.',
    why: 'Every event is answered, and the environment continues.',
    covers: like({
      in: /^gets (an event that is not JSON|a client context that is not JSON|no deadline|no function ARN)$/,
    }),
  },
  {
    what: 'members of `context`',
    theirs: 'AWS’s documented fields',
    ours: 'also `signal`, `deadlineMs`, `waitUntil`, `w3c` and `callbackWaitsForEmptyEventLoop`; `done`, `succeed` and `fail` throw',
    why: 'The object matches the type `Context` of `@types/aws-lambda`.',
    covers: like(
      { in: /^lists the members of the context$/ },
      { at: /answer\.body\.(callbackWaitsForEmptyEventLoop|types\.\w+)/, theirs: absent },
      { in: /^calls context\./ },
    ),
  },
  {
    what: '`xRayTraceId` and `tenantId` without a header',
    theirs: 'an empty string, with threads',
    ours: '`undefined`',
    why: 'All optional fields of the context are `undefined` when Lambda sends nothing.',
    covers: like({
      at: /answer\.body\.(xRayTraceId|tenantId|(before|after)\.trace|context)/,
      ours: (value) => value === undefined || JSON.stringify(value) === '[null,null]',
      theirs: /^(""|\["",.*\])$/,
    }),
  },
  {
    what: 'the tenant id in log lines and in the invoke store',
    theirs: 'absent',
    ours: 'present',
    why: 'AWS’s JSON format defines `tenantId`, and the invoke store defines `getTenantId()`.',
    covers: like({ at: /log\.tenantId|answer\.body\.(before|after)\.tenant/, theirs: absent }),
  },
  {
    what: 'the error of `InvokeStore.set` for a protected key',
    theirs: 'AWS’s text',
    ours: 'another text',
    why: 'The runtime has its own store, which distinguishes all invocations.',
    covers: like({ in: /^keeps something in the invoke store$/, at: /answer\.body\.refused/ }),
  },
  {
    what: '`process.env._X_AMZN_TRACE_ID` with threads',
    theirs: 'not set',
    ours: 'set for each invocation if a thread runs one at a time',
    why: 'Tracers that read only this variable work.',
    covers: like({
      at: /answer\.body\.(_X_AMZN_TRACE_ID|(before|after)\.env)/,
      layouts: ['threads'],
      theirs: absent,
    }),
  },
  {
    what: 'a handler that overwrites `context.awsRequestId`',
    theirs: 'The answer is sent for the overwritten id, and the caller gets none.',
    ours: 'The answer is sent for the original id.',
    why: 'Every event is answered, whatever the handler does.',
    covers: like({ in: /^changes the context$/ }),
  },
  {
    what: '`this` in a handler',
    theirs: 'an internal object of the client',
    ours: '`undefined`',
    why: 'Handlers get no reference to internal objects.',
    covers: like({ in: /^counts its arguments$/, at: /answer\.body\.self/ }),
  },
  {
    what: '`UV_THREADPOOL_SIZE`',
    theirs: 'unchanged',
    ours: 'the number of slots, 4 to 64, unless it is set',
    why: 'With four threads in libuv’s pool, handlers wait for each other’s file access and crypto.',
    covers: like({ at: /answer\.body\.UV_THREADPOOL_SIZE/ }),
  },
  {
    what: '`process.eventNames()`',
    theirs: 'names of your listeners only',
    ours: 'includes `uncaughtException`',
    why: 'The runtime answers the invocation whose code threw.',
    covers: like({ at: /answer\.body\.listeners/ }),
  },
];
