import { useSignal, useSignalEffect } from '@preact/signals';
import type { ReadonlySignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { InvocationDetail, InvocationState } from '../../messages.ts';
import { detailOf } from '../state/server.ts';
import { invocations } from '../state/store.ts';
import { selected } from '../state/view.ts';

/** What the server has told of the selected invocation. */
export interface Told {
  readonly requestId: string;
  /** The last that came; it stays when asking again fails. */
  readonly detail: InvocationDetail | undefined;
  readonly failure: string;
}

/** Asks for the selected invocation, and again whenever it has changed. Undefined until there is an answer. */
export function useSelectedDetail(): ReadonlySignal<Told | undefined> {
  const told = useSignal<Told | undefined>(undefined);
  const asked = useRef<Question | undefined>(undefined);
  const answered = useRef(0);
  useSignalEffect(() => {
    const requestId = selected.value;
    if (told.peek()?.requestId !== requestId) told.value = undefined;
    const last = asked.current;
    // What is no longer kept has no state, and does not change.
    const state = requestId === undefined ? undefined : invocations.value.get(requestId);
    if (requestId === last?.requestId && (state === undefined || state === last?.state)) return;
    const question = { requestId, state, order: (last?.order ?? 0) + 1 };
    asked.current = question;
    if (requestId !== undefined) void ask(requestId, question.order);
  });
  const ask = async (requestId: string, order: number) => {
    const answer = await detailOf(requestId).then(
      (detail) => ({ detail, failure: '' }),
      ({ message }: Error) => ({ detail: told.peek()?.detail, failure: message }),
    );
    // Another one may be selected by now, and a later question may have been answered before.
    if (selected.peek() !== requestId || order < answered.current) return;
    answered.current = order;
    told.value = { requestId, ...answer };
  };
  return told;
}

interface Question {
  readonly requestId: string | undefined;
  /** As it was known when it was asked for. */
  readonly state: InvocationState | undefined;
  readonly order: number;
}
