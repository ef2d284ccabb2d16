import { absent, like, present } from './reason.ts';
import type { Reason } from './reason.ts';

const NOT_AN_ERROR =
  '(an error of another realm|an? (empty )?string|null|undefined|a number|a symbol|a plain object|an object that looks like an error)';
const BODY = String.raw`(answer|initError)\.body\.`;

/** The error that a caller gets. */
export const errorReasons: readonly Reason[] = [
  {
    what: 'the error body: fields',
    theirs: '`errorType`, `errorMessage` and `trace`',
    ours: 'also `stackTrace`, `code`, `cause` and `errors`',
    why: 'The Runtime API documents `stackTrace`; the other fields describe the cause.',
    covers: like({ at: new RegExp(`${BODY}(stackTrace|code|cause|errors)`), theirs: absent }),
  },
  {
    what: 'the error type that Lambda records (`Lambda-Runtime-Function-Error-Type`)',
    theirs: 'none for a handler’s error; the bare name for init errors and streams',
    ours: '`Function.` followed by the name, or `Runtime.…`',
    why: 'Lambda records every other form, and a missing header, as `Runtime.Unknown`.',
    covers: like({ at: /(answer|initError)\.errorTypeHeader/, ours: /^"(Function|Runtime)\./ }),
  },
  {
    what: 'the error cause for X-Ray',
    theirs:
      'Frames of ES modules have the path `file` and no line. There is no type for a thrown value that is not an `Error`, and no cause for `null`, streams and exits.',
    ours: 'The runtime sends type, message, path and line with every error.',
    why: 'X-Ray shows the error and its location.',
    covers: like(
      { at: /answer\.xrayErrorCause\.(paths|exceptions\[\]\.stack\[\]\.(path|line|label))/, ours: present },
      { at: /answer\.xrayErrorCause(\.exceptions\[\]\.(type|message))?/, theirs: absent },
    ),
  },
  {
    what: 'thrown values that are not an `Error` of this realm',
    theirs:
      'An object has the `errorType` `object` and the `errorMessage` `[object Object]`. The log has an `Error` with the value as its message.',
    ours: 'Caller and log get name and message if the value has them, otherwise its `typeof` and the output of `util.inspect`.',
    why: 'The caller and the log show the thrown value.',
    covers: like(
      {
        in: /throws (an error of another realm|a plain object|an object that looks like an error|null|a symbol)$/,
        at: new RegExp(`${BODY}(errorType|errorMessage|trace)`),
      },
      { in: new RegExp(`throws ${NOT_AN_ERROR}(, format Text)?$`), at: /log\.message(\.\w+)?/ },
    ),
  },
  {
    what: 'errors with odd names, messages or stacks',
    theirs: '`errorType` is `handled` or empty, or the caller gets no answer. The log has the odd values.',
    ours: 'The runtime sends the parts that it can read, and the class name as the type.',
    why: 'Every event is answered.',
    covers: like({
      in: /throws an error (whose (stack is a number|message is an object|getter throws)|with an empty name|without a stack)$|prepareStackTrace/,
      at: /answer(\.(body\.(errorType|errorMessage|trace)|xrayErrorCause.*))?|log\.message(\.\w+)?/,
    }),
  },
  {
    what: 'very long error messages',
    theirs:
      'The client sends the whole message. Lambda refuses more than 1 MiB, and the caller gets no answer.',
    ours: 'The runtime cuts the message to 65,536 characters and the body to 1 MiB.',
    why: 'Lambda accepts the error.',
    covers: like({
      in: /throws an error (with a long message|of more than 1 MiB)$/,
      at: /answer.*|log\.message\.(errorMessage|stackTrace)/,
    }),
  },
  {
    what: 'error messages with several lines or with the character DEL',
    theirs: 'The stack repeats all lines of the message. DEL becomes `%7F`.',
    ours: 'The stack repeats the first line of the message. DEL is unchanged.',
    why: '`errorMessage` has the message unchanged.',
    covers: like(
      {
        in: /throws an error with several lines$/,
        at: new RegExp(String.raw`${BODY}trace|log\.message\.stackTrace`),
      },
      {
        in: /throws an error with control characters$/,
        at: new RegExp(
          String.raw`${BODY}(errorMessage|trace)|answer\.xrayErrorCause\.exceptions\[\]\.message`,
        ),
      },
    ),
  },
];
