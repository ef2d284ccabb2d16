import type { InvocationState } from '../../messages.ts';
import { describeInvocation } from '../state/outcomes.ts';
import { MIN_PX, px } from './scale.ts';
import type { Span } from './spans.ts';

export interface BarProps {
  readonly invocation: InvocationState;
  readonly span: Span;
  readonly pxPerMs: number;
  /** The left edge, in px. */
  readonly x: number;
  readonly top: number;
  readonly height: number;
  readonly isSelected: boolean;
}

/** An invocation on its thread: waiting, handler and background work, and a mark at a missed deadline. */
export function Bar({ invocation, span: { start, end }, pxPerMs, x, top, height, isSelected }: BarProps) {
  const { requestId, outcome, startedAt, answeredAt, deadlineAt, thread } = invocation;
  const isOpen = end === Infinity;
  const width = Math.max(MIN_PX, (end - start) * pxPerMs);
  const lead = startedAt === undefined ? 0 : (startedAt - start) * pxPerMs;
  const tail = answeredAt === undefined || isOpen ? 0 : (end - answeredAt) * pxPerMs;
  const hitDeadline = deadlineAt !== undefined && outcome === 'deadline';
  return (
    <div
      id={barId(requestId)}
      role="option"
      class={`bar ${outcome}${isOpen ? ' open' : ''}${isSelected ? ' selected' : ''}`}
      aria-selected={isSelected}
      aria-label={describeInvocation(invocation)}
      data-request={requestId}
      data-thread={thread}
      data-outcome={outcome}
      data-from={start}
      style={{ left: px(x), top: px(top), height: px(height), ...(!isOpen && { width: px(width) }) }}
    >
      {lead > 1 && <span class="lead" style={{ width: px(lead) }} />}
      {tail > 1 && <span class="tail" style={{ width: px(Math.min(tail, width)) }} />}
      {hitDeadline && <span class="deadline-mark" style={{ left: px((deadlineAt - start) * pxPerMs) }} />}
    </div>
  );
}

export function barId(requestId: string): string {
  return `bar-${requestId}`;
}
