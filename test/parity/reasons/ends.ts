import { absent, like } from './reason.ts';
import type { Reason } from './reason.ts';

const DEATHS =
  /^(calls process\.exit|throws from (a timer|an emitter)|leaves a rejection|has a listener for|kills its process)/;
const LATE =
  /^(never settles|computes without end|answers after its deadline|streams: (never ends|leaves the stream open))/;

/** How invocations and processes end. */
export const endReasons: readonly Reason[] = [
  {
    what: '`process.exit`, uncaught exceptions, unhandled rejections',
    theirs:
      'with threads never answered, the thread is lost, later the process aborts; without threads the process ends',
    ours: 'answered with an error and logged; the thread is replaced, and without threads the process ends behind the answer',
    why: 'Each event is answered, and the others go on.',
    covers: like(
      { in: DEATHS, at: /answer(?!\.body\.trace|\.xrayErrorCause).*|exit/ },
      {
        in: DEATHS,
        at: /log/,
        ours: /An error escaped a handler|A thread was lost|The runtime gives up/,
        theirs: absent,
      },
      { in: DEATHS, at: /log.*/, theirs: /"format":"raw"|exits with|triggerUncaughtException/ },
      { in: DEATHS, at: /log.*/, ours: /"to":"stderr"|lambda-managed-runtime:|exits with/ },
    ),
  },
  {
    what: 'the deadline',
    theirs:
      'the code runs on, and the log is silent; without threads the process ends when nothing is left to wait for',
    ours: 'logged; a thread that does not settle is replaced',
    why: 'Lambda’s own timeout says neither where the code was nor that it still runs.',
    covers: like(
      { in: LATE, at: /log/, theirs: absent },
      { in: /^(never settles|computes without end)/, at: /answer|exit|log/ },
    ),
  },
  {
    what: 'answers that Lambda refuses (410, 413)',
    theirs: 'a line that is not JSON, from native code',
    ours: 'a WARN line with the request id',
    why: 'It says which invocation it was.',
    covers: like({ at: /log/, ours: absent, theirs: /LAMBDA_RUNTIME Failed to post/ }),
  },
  {
    what: 'SIGTERM and SIGINT',
    theirs: 'end the process at once',
    ours: 'what is in flight may finish, hooks run, and the exit code is 0',
    why: 'No answer is lost when the environment is shut down.',
    covers: like({ in: /^is ended by SIG/ }),
  },
];
