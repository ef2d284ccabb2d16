import type { InvocationDetail } from '../../messages.ts';
import { runOf, waitOf } from '../state/durations.ts';
import { bytes, timeOfDay, duration, threadName } from '../state/format.ts';

/** The times and durations of an invocation. */
export function Timings({ detail: { state, report = {} } }: { readonly detail: InvocationDetail }) {
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
    ['answered after', endedAt === undefined ? undefined : duration((answeredAt ?? endedAt) - calledAt)],
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
