import { absent, like } from './reason.ts';
import type { Reason } from './reason.ts';

const BODY = String.raw`(answer|initError)\.body\.`;

/** The error that a caller gets. */
export const errorReasons: readonly Reason[] = [
  {
    what: 'the error body: fields',
    theirs: '`errorType`, `errorMessage`, `trace`',
    ours: 'also `stackTrace`, `code`, `cause`, `errors`',
    why: '`stackTrace` is what the Runtime API’s documentation names; the others tell why.',
    covers: like({ at: new RegExp(`${BODY}(stackTrace|code|cause|errors)`), theirs: absent }),
  },
  {
    what: 'the error type that Lambda records (`Lambda-Runtime-Function-Error-Type`)',
    theirs: 'none for a handler’s error, the bare name for init errors and streams',
    ours: '`Function.` and the name, or `Runtime.…`',
    why: 'Lambda records any other form, and none, as `Runtime.Unknown`.',
    covers: like({ at: /(answer|initError)\.errorTypeHeader/, ours: /^"(Function|Runtime)\./ }),
  },
  {
    what: 'thrown values that are no `Error`, or only look like one, or come from another realm',
    theirs: '`errorType` is `object`, `errorMessage` is `[object Object]`',
    ours: 'name and message where there are any; else the value as `util.inspect` shows it',
    why: 'The caller gets what was thrown.',
    covers: like({
      in: /throws (an error of another realm|a plain object|an object that looks like an error|null|a symbol)$/,
      at: new RegExp(`${BODY}(errorType|errorMessage|trace)`),
    }),
  },
  {
    what: 'errors with odd names, messages or stacks',
    theirs: '`handled`, an empty type, or never answered',
    ours: 'the parts that can be read, and the class’s name',
    why: 'The event is answered, and something of the error arrives.',
    covers: like({
      in: /throws an error (whose (stack is a number|message is an object|getter throws)|with an empty name|without a stack)$|prepareStackTrace/,
      at: /answer(\.(body\.(errorType|errorMessage|trace)|xrayErrorCause.*))?/,
    }),
  },
  {
    what: 'the character DEL in an error',
    theirs: '`%7F`',
    ours: 'as it is',
    why: 'JSON has no need of it.',
    covers: like({
      in: /throws an error with control characters$/,
      at: new RegExp(`${BODY}(errorMessage|trace)`),
    }),
  },
  {
    what: 'a message that is very long',
    theirs: 'sent whole; above 1 MiB Lambda refuses it, and the caller is never answered',
    ours: 'cut to 64 Ki characters, and to 1 MiB in all',
    why: 'The error arrives.',
    covers: like({ in: /throws an error (with a long message|of more than 1 MiB)$/, at: /answer.*/ }),
  },
];
