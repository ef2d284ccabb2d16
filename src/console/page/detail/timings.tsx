import type { CallerAnswer, InvocationDetail, InvocationState } from '../../messages.ts';
import { runOf, waitOf } from '../state/durations.ts';
import { bytes, timeOfDay, duration, threadName } from '../state/format.ts';
import { threads } from '../state/store.ts';

/** The times and durations of an invocation. */
export function Timings({ detail: { state, caller, report = {} } }: { readonly detail: InvocationDetail }) {
  const { outcome, calledAt, answeredAt, endedAt, deadlineAt, thread, slot } = state;
  const number = (field: string) => (typeof report[field] === 'number' ? report[field] : undefined);
  const heap = number('heapUsedBytes');
  const cpu = number('cpuMs');
  const background = number('backgroundMs');
  const facts: readonly (readonly [name: string, value: string | undefined])[] = [
    ['called', timeOfDay(calledAt, 3)],
    ['waited', duration(waitOf(state))],
    [
      'streaming since',
      outcome === 'open' && answeredAt !== undefined ? timeOfDay(answeredAt, 3) : undefined,
    ],
    ['handler ran', duration(number('handlerMs') ?? runOf(state))],
    ['CPU time', cpu === undefined ? undefined : duration(cpu)],
    ['caller', caller === undefined ? undefined : callerText(caller, calledAt)],
    ['handler', endedAt === undefined ? undefined : handlerText(state)],
    ['background work', background === undefined ? undefined : duration(background)],
    ['deadline', deadlineAt === undefined ? undefined : `after ${duration(deadlineAt - calledAt)}`],
    ['ran on', thread === undefined ? undefined : `${threadName(thread)}, slot ${slot}`],
    ['first on thread', report['firstOnThread'] === true ? 'yes' : undefined],
    ['delivery', typeof report['delivery'] === 'string' ? report['delivery'] : undefined],
    ['heap used', heap === undefined ? undefined : bytes(heap)],
  ];
  return (
    <dl class="timings">
      {facts.map(
        ([name, value]) =>
          value !== undefined && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

/** What the caller got, and how long after the call. */
function callerText({ at, errorType }: CallerAnswer, calledAt: number): string {
  const after = duration(Math.max(0, at - calledAt));
  if (errorType === undefined) return `got the response at ${after}`;
  return isTimeout(errorType) ? `timed out at ${after}` : `got ${errorType} at ${after}`;
}

function isTimeout(errorType: string): boolean {
  return errorType === 'Sandbox.Timedout' || errorType === 'Runtime.DeadlineExceeded';
}

/** What became of the handler, and how long after the call: it may run on after its caller has an answer. */
function handlerText({
  outcome,
  calledAt,
  dispatchedAt,
  answeredAt,
  endedAt,
  thread,
}: InvocationState): string {
  if (dispatchedAt === undefined) return 'did not run';
  const after = (at: number) => duration(Math.max(0, at - calledAt));
  const lost = [...threads.value.values()].find(
    (each) => each.thread === thread && each.cause !== undefined && each.startedAt <= dispatchedAt,
  );
  if ((outcome === 'deadline' || outcome === 'crash') && lost?.endedAt !== undefined)
    return `thread taken at ${after(lost.endedAt)}`;
  const ended = outcome === 'deadline' ? 'given up' : outcome === 'error' ? 'threw' : 'returned';
  return `${ended} at ${after(answeredAt ?? endedAt ?? dispatchedAt)}`;
}
