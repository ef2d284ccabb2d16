import type { InvokeResult } from '../../src/local/invoke.ts';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import type { RuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import type { Behaviour, BehaviourEvent, Layout } from './behaviour.ts';
import type { Contender } from './contenders.ts';
import { lambdaEnvironment } from './lambda-environment.ts';
import { readLog } from './log-lines.ts';
import type { LogLine } from './log-lines.ts';
import { normalise, readBody } from './normalise.ts';
import { RuntimeProcess } from './runtime-process.ts';
import type { Exit } from './runtime-process.ts';
import { requestIdOf } from './together.ts';

/** What can be seen of a behaviour from outside: plain data, without what differs from run to run. */
export interface Observation {
  /** What the caller of each event gets, in the order of the events. */
  readonly answers: readonly Answer[];
  /** What is posted to `/init/error`. */
  readonly initErrors: readonly InitErrorSeen[];
  readonly log: readonly LogLine[];
  /** `serves` when the process goes on after the last answer. */
  readonly exit: 'serves' | 'hangs' | Exit;
}

interface InitErrorSeen {
  readonly errorTypeHeader: string | undefined;
  readonly body: unknown;
}

/** What one caller gets. */
interface Answer {
  /** `not taken` when no poll came for the event. */
  readonly status: 'response' | 'error' | 'timeout' | 'not taken';
  readonly mode?: string;
  readonly contentType?: string | undefined;
  readonly body?: unknown;
  /** The header `Lambda-Runtime-Function-Error-Type`, or the trailer. */
  readonly errorTypeHeader?: string | undefined;
  readonly xrayErrorCause?: unknown;
  /** Whether the error came in the trailers of a stream. */
  readonly inTrailers?: boolean;
  /** What of a stream came before its error. */
  readonly received?: unknown;
}

/** Runs one behaviour, in a process of its own, against a Runtime API of its own. */
export async function observe(
  behaviour: Behaviour,
  layout: Layout,
  contender: Contender,
): Promise<Observation> {
  const { files } = behaviour;
  await using root = await makeTaskRoot(typeof files === 'string' ? { 'index.mjs': files } : files);
  await using api = await startRuntimeApiServer({ functionName: 'parity', timeoutMs: 20_000 });
  const runtime = new RuntimeProcess(
    contender.command,
    root.path,
    lambdaEnvironment(behaviour, layout, api.address, root.path),
  );
  const gone = new AbortController();
  void runtime.exited.then(() => {
    gone.abort();
    api.runtimeExited();
  });
  let answers: readonly Answer[] = [];
  let exit: Observation['exit'];
  {
    await using _ended = runtime;
    answers = await collectAnswers(behaviour, api, runtime, gone.signal);
    exit = await endOf(behaviour, runtime, answers);
  }
  const initErrors = api.initErrors.map(({ rawErrorType, body }) => ({
    errorTypeHeader: rawErrorType,
    body: readBody(body),
  }));
  const log = readLog(runtime, { inOrder: behaviour.atOnce !== true });
  return normalise({ answers, initErrors, log, exit }, root.path, api.address);
}

async function collectAnswers(
  { events = [{}], atOnce = false, signal }: Behaviour,
  api: RuntimeApiServer,
  runtime: RuntimeProcess,
  gone: AbortSignal,
): Promise<readonly Answer[]> {
  if ((await runtime.unlessExited(api.whenPolling(1).then(() => true))) === undefined) return [];
  const send = (event: BehaviourEvent, index: number): Promise<Answer> => answerOf(api, event, index, gone);
  if (signal?.afterLogged !== undefined) {
    const answers = Promise.all(events.map(send));
    await runtime.unlessExited(runtime.whenWritten(signal.afterLogged));
    await runtime.end(signal.name);
    return answers;
  }
  if (atOnce) return Promise.all(events.map(send));
  const answers: Answer[] = [];
  for (const [index, event] of events.entries()) answers.push(await send(event, index));
  return answers;
}

/** For an event that waits although the process serves: its threads are lost. */
const MAX_WAITING_MS = 10_000;

async function answerOf(
  api: RuntimeApiServer,
  { body = '{}', ...options }: BehaviourEvent,
  index: number,
  gone: AbortSignal,
): Promise<Answer> {
  if (gone.aborted) return { status: 'not taken' };
  const result = await api.invoke(body, {
    ...options,
    requestId: requestIdOf(index),
    whenCapacity: true,
    whileWaiting: AbortSignal.any([gone, AbortSignal.timeout(MAX_WAITING_MS)]),
  });
  return answerSeen(result);
}

function answerSeen(result: InvokeResult): Answer {
  if (result.status === 'unavailable') return { status: 'not taken' };
  if (result.status === 'timeout') return { status: 'timeout', received: readBody(result.received) };
  if (result.status === 'response') {
    const { status, mode, contentType, body } = result;
    return { status, mode, contentType, body: readBody(body) };
  }
  const { status, rawErrorType, body, xrayErrorCause, midStream, received } = result;
  return {
    status,
    body: readBody(body),
    errorTypeHeader: rawErrorType,
    xrayErrorCause:
      xrayErrorCause === undefined ? undefined : readBody(Buffer.from(xrayErrorCause, 'latin1')),
    inTrailers: midStream,
    received: readBody(received),
  };
}

async function endOf(
  { signal }: Behaviour,
  runtime: RuntimeProcess,
  answers: readonly Answer[],
): Promise<Observation['exit']> {
  if (signal !== undefined) return runtime.end(runtime.hasExited ? undefined : signal.name);
  if (answers.length === 0 || runtime.hasExited) return runtime.end();
  return 'serves';
}
