import { absent, like, present } from './reason.ts';
import type { Reason } from './reason.ts';

/** Lines of the log. */
export const logReasons: readonly Reason[] = [
  {
    what: 'lines of the runtime’s own',
    theirs: 'none',
    ours: '`The runtime is ready`, and `Invocation ended` for each invocation, with times and outcome',
    why: 'They tell what Lambda’s report does not; `logInvocations: false` turns the second one off.',
    covers: like({ at: /log/, ours: /"message":"(The runtime is ready|Invocation ended)"/, theirs: absent }),
  },
  {
    what: '`AWS_LAMBDA_LOG_FORMAT=Text` with threads',
    theirs: 'is not heeded: JSON',
    ours: 'Text',
    why: 'What is set holds.',
    covers: like({ in: /format [tT]ext/, layouts: ['threads', 'shared'], at: /log.*/, ours: present }),
  },
  {
    what: 'no `AWS_LAMBDA_LOG_FORMAT` without threads',
    theirs: 'Text',
    ours: 'JSON',
    why: 'On Managed Instances JSON is the only format, and Lambda sets the variable.',
    covers: like({ in: /starts with (no|an empty) log format/, layouts: ['single'], at: /log.*/ }),
  },
  {
    what: 'the request id of lines outside of invocations',
    theirs: '`-`',
    ours: 'absent; empty in the format Text',
    why: 'A query for lines with a request id finds those of invocations.',
    covers: like({ at: /log\.requestId/, ours: /^("")?$/, theirs: /^"-"$/ }),
  },
  {
    what: 'a line with an error: fields',
    theirs: '`errorType`, `errorMessage` and `stackTrace` stand in `message`, or, behind a text, beside it',
    ours: 'always beside it, with `code`, `cause` and `errors`',
    why: 'One query finds all errors.',
    covers: like(
      {
        at: /log\.(errorType|errorMessage|stackTrace|code|cause|errors|message\.(cause|errors))/,
        theirs: absent,
      },
      { at: /log\.message/, ours: (value) => typeof value === 'string', theirs: /^\{.*"errorType":/ },
    ),
  },
  {
    what: '`console.log(undefined)` and other values without a JSON form',
    theirs: 'a line without `message`',
    ours: 'as `util.inspect` shows them',
    why: 'The line says what was logged.',
    covers: like({ at: /log\.message/, ours: present, theirs: absent }),
  },
  {
    what: '`console.log()` in the format Text',
    theirs: '`undefined`',
    ours: 'an empty message, as Node’s own',
    why: 'Nothing was logged.',
    covers: like({
      in: /single values, format Text/,
      at: /log\.message/,
      ours: /^""$/,
      theirs: /^"undefined"$/,
    }),
  },
  {
    what: 'lines that are longer than a pipe takes at once',
    theirs: 'are torn, or fail with `EAGAIN`',
    ours: 'are written whole',
    why: 'Half a line is no JSON.',
    covers: like(
      { in: /^logs 300 kB in a line$/ },
      { in: /^throws an error of more than 1 MiB$/, at: /log.*/, ours: absent },
    ),
  },
  {
    what: 'the runtime’s own lines in the format Text',
    theirs: 'Text',
    ours: 'JSON',
    why: 'They have fields.',
    covers: like({ in: /^cannot load: format Text$/, at: /log\.(format|message)/, layouts: ['single'] }),
  },
  {
    what: '`console.dir`',
    theirs: 'past the log: no line',
    ours: 'an INFO line',
    why: 'What is written to stdout is JSON, and has a request id.',
    covers: like({ in: /other methods of the console/, at: /log.*/ }),
  },
];
