import { absent, like } from './reason.ts';
import type { Reason } from './reason.ts';

const INIT = /^cannot load/;

/** Starting: how a handler is found, and what is told when there is none. */
export const startReasons: readonly Reason[] = [
  {
    what: '`/init/error`',
    theirs: 'Each thread posts it.',
    ours: 'The runtime posts it once.',
    why: 'Lambda refuses every post after the first.',
    covers: like({
      in: INIT,
      at: /initError|log/,
      layouts: ['threads', 'shared'],
      ours: absent,
      theirs: /errorType/,
    }),
  },
  {
    what: 'stderr when the function cannot start',
    theirs: 'without threads, Node’s report of an uncaught error; with threads, nothing',
    ours: 'the reason',
    why: 'Users who start the command themselves see why it ended.',
    covers: like(
      { at: /log/, ours: /"to":"stderr".*lambda-managed-runtime:/ },
      { at: /log\.message/, ours: /^\["lambda-managed-runtime:/ },
    ),
  },
  {
    what: 'a concurrency that is not a number; no handler string',
    theirs: 'The worker count decides, or the process ends without `/init/error`.',
    ours: 'an init error before anything starts',
    why: 'The runtime must know how many events it may take.',
    covers: like(
      { in: /^starts with a concurrency that is no number$/ },
      { in: /^cannot load: (an empty|no) handler string$/ },
    ),
  },
  {
    what: 'other environment variables with invalid values',
    theirs: 'They are ignored, except an invalid worker count, which ends the process with code 0.',
    ours: 'They are ignored, with a WARN line.',
    why: 'The warning reveals typing errors.',
    covers: like(
      { at: /log/, ours: /The environment variable \w+ is ignored/, theirs: absent },
      { in: /^starts with a worker count (of 0|that is no number)$/, theirs: absent },
      { in: /^starts with a worker count (of 0|that is no number)$/, at: /exit/ },
    ),
  },
  {
    what: 'the exit code after an init error',
    theirs: '0 with threads',
    ours: '1',
    why: 'Code 0 means success.',
    covers: like({ at: /exit/, ours: /"code":1,/, theirs: /"code":0,/ }),
  },
  {
    what: 'a module that exits or leaves a rejection unhandled while it loads',
    theirs: 'no `/init/error`',
    ours: 'an init error with the cause',
    why: 'An exit code alone does not reveal the cause.',
    covers: like({ in: /^cannot load: (exits|leaves a rejection)/ }),
  },
  {
    what: 'messages and stacks of init errors',
    theirs: 'AWS’s texts',
    ours: 'texts that say where the runtime looked and what to do',
    why: 'The error types are the same.',
    covers: like({ in: INIT, at: /initError\.body\.(errorMessage|trace)/ }),
  },
  {
    what: 'types of init errors: missing ES modules, syntax errors in TypeScript',
    theirs: '`Error`; `Runtime.ImportModuleError`',
    ours: '`Runtime.ImportModuleError`; `Runtime.UserCodeSyntaxError`',
    why: 'Missing CommonJS modules and syntax errors in JavaScript have the same types in both.',
    covers: like({ in: INIT, at: /initError\.body\.errorType/ }),
  },
  {
    what: 'handlers with three parameters',
    theirs: 'an init error',
    ours: 'An invocation fails with `Runtime.CallbackHandlerDeprecated` if the handler returns no promise or calls the callback. Other invocations are answered.',
    why: 'Instrumentation wraps asynchronous handlers in functions with three parameters.',
    covers: like({ in: /^takes a callback(?! with)/ }),
  },
  {
    what: 'handlers that only this runtime finds',
    theirs: 'an init error',
    ours: 'TypeScript, `default` as the export `handler`, members of functions, the index of a directory; the working directory if `LAMBDA_TASK_ROOT` is not set',
    why: 'Node.js can load them.',
    covers: like({
      in: /^is found (below a function|in TypeScript|in the index)|^is the default export, and named|^cannot load: no task root/,
    }),
  },
  {
    what: '`AWS_LAMBDA_FUNCTION_NAME` and similar variables absent or empty',
    theirs: 'With threads the caller gets no answer. Without threads the process ends.',
    ours: 'The function runs.',
    why: 'Only fields of `context` depend on them.',
    covers: like({ in: /^starts with no (memory size|names)/ }),
  },
  {
    what: 'a telemetry socket that cannot be reached',
    theirs: 'The process ends with code 0 and without an init error.',
    ours: 'Lines go to stdout.',
    why: 'The function works without the socket.',
    covers: like({ in: /^starts with a telemetry socket that is not there/ }),
  },
];
