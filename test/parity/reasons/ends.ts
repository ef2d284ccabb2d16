import { absent, like } from './reason.ts';
import type { Reason } from './reason.ts';

const DEATHS =
  /^(calls process\.exit|throws from (a timer|an emitter)|leaves a rejection|has a listener for (unhandled|exit)|kills its process)/;
const LATE =
  /^(never settles|computes without end|answers after its deadline|streams: (never ends|leaves the stream open))/;

/** How invocations and processes end. */
export const endReasons: readonly Reason[] = [
  {
    what: 'a listener on `uncaughtException`',
    theirs: 'The handler continues, and the caller gets its result.',
    ours: 'The caller gets the error at once. The thread is replaced; without threads the process continues.',
    why: 'The handler may never settle, and its caller would then wait until the deadline.',
    covers: like(
      { in: /^has a listener for uncaught/, at: /answer/ },
      {
        in: /^has a listener for uncaught/,
        at: /log/,
        ours: /Uncaught error in a handler/,
        theirs: absent,
      },
    ),
  },
  {
    what: 'log lines of listeners on `exit`',
    theirs: 'They have the request id of the invocation that called `process.exit`.',
    ours: 'They have no request id. Without threads they are plain text.',
    why: 'The thread or the process ends after its invocations, and after the log has been closed.',
    covers: like(
      { in: /^has a listener for exit$/, at: /log\.requestId/, ours: absent },
      { in: /^has a listener for exit$/, at: /log/, ours: /exits with/, theirs: absent },
      { in: /^has a listener for exit$/, at: /log/, ours: absent, theirs: /exits with/ },
    ),
  },
  {
    what: '`process.exit`, uncaught exceptions, unhandled rejections',
    theirs:
      'With threads the caller gets no answer, the thread is lost, and the process aborts later. Without threads the process ends.',
    ours: 'The caller gets an error, which is also logged, and the thread is replaced. Without threads the process ends after the answer.',
    why: 'Every event is answered, and other invocations are not affected.',
    covers: like(
      { in: DEATHS, at: /answer(?!\.xrayErrorCause).*|exit/ },
      {
        in: DEATHS,
        at: /log/,
        ours: /Uncaught error in a handler|A thread was lost|The runtime cannot continue|PromiseRejectionHandledWarning/,
        theirs: absent,
      },
      { in: DEATHS, at: /log.*/, theirs: /"format":"raw"|triggerUncaughtException/ },
      { in: DEATHS, at: /log.*/, ours: /"to":"stderr"|lambda-managed-runtime:/ },
    ),
  },
  {
    what: 'an invocation past its deadline',
    theirs:
      'The code continues, and nothing is logged. Without threads the process ends when its event loop is empty.',
    ours: 'The caller gets `Runtime.DeadlineExceeded` shortly before Lambda’s timeout. The runtime logs the missed deadline and replaces the thread. Other invocations on a blocked thread get `Runtime.ThreadTerminated`.',
    why: 'Lambda’s own timeout does not say where the code was, or that the code still runs.',
    covers: like(
      { in: LATE, at: /log/, theirs: absent },
      { in: LATE, at: /answer/, ours: /Runtime\.DeadlineExceeded/ },
      { in: /^never settles/, at: /answer.*|exit/, layouts: ['single'] },
      {
        in: /^computes without end/,
        at: /answer|log/,
        ours: /"status":"response"|Runtime\.ThreadTerminated|An invocation missed|A thread was lost/,
      },
    ),
  },
  {
    what: 'answers that Lambda refuses with 410 or 413',
    theirs: 'The client’s native code writes a line that is not JSON.',
    ours: 'The runtime writes a WARN line with the request id.',
    why: 'The request id identifies the invocation that failed.',
    covers: like({ at: /log/, ours: absent, theirs: /LAMBDA_RUNTIME Failed to post/ }),
  },
  {
    what: 'SIGTERM and SIGINT',
    theirs: 'The process ends at once, and the last log lines of threads are lost.',
    ours: 'Invocations in flight may finish, hooks run, all lines are written, and the exit code is 0.',
    why: 'Callers get their answers, and the log is complete.',
    // Each process is ended with SIGTERM as soon as it has answered.
    covers: like(
      { in: /^is ended by SIG/ },
      {
        in: /^streams: throws after the end$|^logs with the streams of the process$/,
        at: /log/,
        layouts: ['threads', 'shared'],
        theirs: absent,
      },
    ),
  },
];
