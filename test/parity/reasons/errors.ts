import { absent, like } from './reason.ts';
import type { Reason } from './reason.ts';

const BODY = String.raw`(answer|initError)\.body\.`;

/** The error that a caller gets. */
export const errorReasons: readonly Reason[] = [
  {
    what: 'the error body: fields',
    theirs: '`errorType`, `errorMessage` and `trace`',
    ours: 'also `stackTrace`, `code`, `cause` and `errors`',
    why: 'The Runtime API documents `stackTrace`; the other fields tell the cause.',
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
    what: 'thrown values that are not an `Error` of this realm',
    theirs: '`errorType` is `object`, `errorMessage` is `[object Object]`',
    ours: 'name and message where the value has them, otherwise the output of `util.inspect`',
    why: 'The caller can see what was thrown.',
    covers: like({
      in: /throws (an error of another realm|a plain object|an object that looks like an error|null|a symbol)$/,
      at: new RegExp(`${BODY}(errorType|errorMessage|trace)`),
    }),
  },
  {
    what: 'errors with odd names, messages or stacks',
    theirs: '`errorType` is `handled` or empty, or the caller gets no answer.',
    ours: 'The runtime sends what it can read, and the class name as the type.',
    why: 'Every event is answered.',
    covers: like({
      in: /throws an error (whose (stack is a number|message is an object|getter throws)|with an empty name|without a stack)$|prepareStackTrace/,
      at: /answer(\.(body\.(errorType|errorMessage|trace)|xrayErrorCause.*))?/,
    }),
  },
  {
    what: 'the character DEL in an error',
    theirs: '`%7F`',
    ours: 'unchanged',
    why: 'JSON can carry the character.',
    covers: like({
      in: /throws an error with control characters$/,
      at: new RegExp(`${BODY}(errorMessage|trace)`),
    }),
  },
  {
    what: 'very long error messages',
    theirs: 'The message is sent whole. Lambda refuses more than 1 MiB, and the caller gets no answer.',
    ours: 'The runtime cuts the message to 65,536 characters and the body to 1 MiB.',
    why: 'Lambda accepts the error.',
    covers: like({ in: /throws an error (with a long message|of more than 1 MiB)$/, at: /answer.*/ }),
  },
];
