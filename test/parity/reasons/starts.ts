import { absent, like } from './reason.ts';
import type { Reason } from './reason.ts';

const INIT = /^cannot load|^takes a callback(?! with)/;

/** Starting: how a handler is found, and what is told when there is none. */
export const startReasons: readonly Reason[] = [
  {
    what: '`/init/error`',
    theirs: 'posted by each thread',
    ours: 'posted once',
    why: 'Lambda refuses all but the first.',
    covers: like({
      in: INIT,
      at: /initError|log/,
      layouts: ['threads', 'shared'],
      ours: absent,
      theirs: /errorType/,
    }),
  },
  {
    what: 'what is written to stderr when the function cannot start',
    theirs: 'without threads what Node writes of an uncaught error; with threads nothing',
    ours: 'the reason, in one line',
    why: 'Who starts it by hand sees why it ended.',
    covers: like(
      { at: /log/, ours: /"to":"stderr".*lambda-managed-runtime:/ },
      { at: /log\.message/, ours: /^\["lambda-managed-runtime:/ },
    ),
  },
  {
    what: 'a configuration that cannot be served: a concurrency that is no number, no handler string',
    theirs: 'the number of workers decides; no `/init/error`',
    ours: 'an init error `CONFIG_INVALID`, before anything starts',
    why: 'How many events may be taken at once must be known.',
    covers: like(
      { in: /^starts with a concurrency that is no number$/ },
      { in: /^cannot load: (an empty|no) handler string$/ },
    ),
  },
  {
    what: 'environment variables whose value makes no sense',
    theirs: 'ignored without a word; with a worker count of 0 or no number, the process exits with 0',
    ours: 'ignored with a WARN line',
    why: 'A typing error is seen.',
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
    why: 'Lambda takes 0 for an orderly end.',
    covers: like({ at: /exit/, ours: /"code":1,/, theirs: /"code":0,/ }),
  },
  {
    what: 'code that exits, or leaves a rejection unhandled, while it loads',
    theirs: 'no `/init/error`',
    ours: 'an init error that says so',
    why: 'Otherwise there is nothing but an exit code.',
    covers: like({ in: /^cannot load: (exits|leaves a rejection)/ }),
  },
  {
    what: 'messages of init errors',
    theirs: 'AWS’s',
    ours: 'say where was looked, and what to do',
    why: 'The types are the same.',
    covers: like({ in: INIT, at: /initError\.body\.errorMessage/ }),
  },
  {
    what: 'ES modules that are missing, syntax errors of TypeScript',
    theirs: '`Error`; `Runtime.ImportModuleError`',
    ours: '`Runtime.ImportModuleError`; `Runtime.UserCodeSyntaxError`',
    why: 'As for CommonJS and JavaScript.',
    covers: like({ in: INIT, at: /initError\.body\.errorType/ }),
  },
  {
    what: 'handlers that only this runtime finds',
    theirs: 'an init error',
    ours: 'TypeScript, `default` as the export `handler`, members of functions, the index of a directory; the working directory where there is no `LAMBDA_TASK_ROOT`',
    why: 'Node.js loads them.',
    covers: like({
      in: /^is found (below a function|in TypeScript|in the index)|^is the default export, and named|^cannot load: no task root/,
    }),
  },
  {
    what: '`AWS_LAMBDA_FUNCTION_NAME` and the like absent or empty',
    theirs: 'with threads never answered; without, the process ends',
    ours: 'served',
    why: 'No handler depends on them but by `context`.',
    covers: like({ in: /^starts with no (memory size|names)/ }),
  },
  {
    what: 'a telemetry socket that cannot be reached',
    theirs: 'the process exits with 0, without an init error',
    ours: 'lines go to stdout',
    why: 'The function serves without it.',
    covers: like({ in: /^starts with a telemetry socket that is not there/ }),
  },
];
