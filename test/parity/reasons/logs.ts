import { absent, like, present } from './reason.ts';
import type { Reason } from './reason.ts';

const TEXT = /format [tT]ext/;
const THREADS = ['threads', 'shared'] as const;

/** Lines of the log. */
export const logReasons: readonly Reason[] = [
  {
    what: 'the runtime’s own INFO lines',
    theirs: 'none',
    ours: '`The runtime is ready`, and `Invocation ended` with times and outcome of failed invocations',
    why: "Lambda’s report has no such times; `logInvocations: 'none'` turns the second line off.",
    covers: like({ at: /log/, ours: /"message":"(The runtime is ready|Invocation ended)"/, theirs: absent }),
  },
  {
    what: '`AWS_LAMBDA_LOG_FORMAT=Text` with threads',
    theirs: 'JSON lines',
    ours: 'Text lines',
    why: 'The runtime honours the variable in every mode.',
    covers: like(
      { in: TEXT, layouts: THREADS, at: /log.*/, ours: present },
      { in: TEXT, layouts: THREADS, at: /log\.(errorType|errorMessage|stackTrace)/ },
    ),
  },
  {
    what: 'no `AWS_LAMBDA_LOG_FORMAT` without threads',
    theirs: 'Text lines',
    ours: 'JSON lines',
    why: 'JSON is the only format of Managed Instances, and Lambda always sets the variable.',
    covers: like({ in: /starts with (no|an empty|an unknown) log format/, layouts: ['single'], at: /log.*/ }),
  },
  {
    what: 'the request id of lines outside invocations',
    theirs: '`-`',
    ours: 'absent, or empty in text format',
    why: 'Queries for lines with a request id find only lines of invocations.',
    covers: like({ at: /log\.requestId/, ours: /^("")?$/, theirs: /^"-"$/ }),
  },
  {
    what: 'fields of lines with an error',
    theirs:
      '`errorType`, `errorMessage` and `stackTrace` are in `message`, or beside it if a text comes first.',
    ours: 'They are always beside `message`, with `code`, `cause` and `errors`.',
    why: 'One query finds every error.',
    covers: like(
      {
        at: /log\.(errorType|errorMessage|stackTrace|code|cause|errors|message\.(code|cause|errors))/,
        theirs: absent,
      },
      { at: /log\.message/, ours: (value) => typeof value === 'string', theirs: /^\{.*"errorType":/ },
      { in: /^throws an error with a cause, format Text$/, at: /log\.message/, ours: /"cause\\":\{/ },
    ),
  },
  {
    what: 'the type of an error in its log line',
    theirs: 'the name of its class',
    ours: 'the `name` of the error, if the error or its class sets one',
    why: 'Caller and log get the same type.',
    covers: like({
      in: /^throws an (AbortError|error (with non-ASCII text|named (Runtime|Function)\.Custom|whose name has spaces))$|^streams: sets a content type after/,
      at: /log\.message\.errorType/,
    }),
  },
  {
    what: 'log lines of an error that refers back to itself',
    theirs: '`message` is the output of `util.inspect`.',
    ours: '`message` has the fields of the error, with `[Circular]` for each reference back.',
    why: 'All errors have the same fields.',
    covers: like({ in: / an error that leads back to itself$/, at: /log\.message/ }),
  },
  {
    what: 'lines that code writes after its invocation has been answered',
    theirs: 'Without threads they have the request id of the next invocation.',
    ours: 'They have the request id of their own invocation.',
    why: 'A search for a request id finds all lines that the code of the invocation wrote.',
    covers: like({ in: /^logs after the answer$/, at: /log\.requestId/, layouts: ['single'] }),
  },
  {
    what: '`console.log(undefined)` and other values without a JSON form',
    theirs: 'The line has no `message`.',
    ours: '`message` is the output of `util.inspect`.',
    why: 'The line shows the value.',
    covers: like({ at: /log\.message/, ours: present, theirs: absent }),
  },
  {
    what: '`console.log()` in text format',
    theirs: '`undefined`',
    ours: 'an empty message',
    why: 'Node.js writes an empty line.',
    covers: like({
      in: /single values, format Text/,
      at: /log\.message/,
      ours: /^""$/,
      theirs: /^"undefined"$/,
    }),
  },
  {
    what: 'long lines',
    theirs: 'They are split or fail with `EAGAIN`.',
    ours: 'They are written whole.',
    why: 'A split line is not valid JSON.',
    covers: like(
      { in: /^logs 300 kB in a line$/ },
      { in: /^throws (an error of more than 1 MiB|all kinds of values)$/, at: /log.*/, ours: absent },
      // The line is lost, or the next one with it.
      {
        in: /^throws an error (of more than 1 MiB|with a long message|without a stack)$/,
        at: /log/,
        theirs: absent,
      },
    ),
  },
  {
    what: 'the runtime’s own lines in text format',
    theirs: 'Text lines',
    ours: 'JSON lines',
    why: 'Queries read the fields of these lines.',
    covers: like({ in: /^cannot load: format Text$/, at: /log\.(format|message)/, layouts: ['single'] }),
  },
  {
    what: 'the size of the pool, at `DEBUG`',
    theirs: 'no line',
    ours: 'A DEBUG line has the event `runtime_worker_pool_initializing`, the number of threads and the maximum concurrency.',
    why: 'AWS’s clients for other languages write it.',
    covers: like({
      in: /^logs at each level/,
      at: /log/,
      ours: /runtime_worker_pool_initializing/,
      theirs: absent,
    }),
  },
  {
    what: '`console.dir`',
    theirs: 'raw text on stdout',
    ours: 'an INFO line',
    why: 'The line has a level and a request id.',
    covers: like({ in: /other methods of the console/, at: /log.*/ }),
  },
];
