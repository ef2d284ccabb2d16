import { useSignal, useSignalEffect } from '@preact/signals';
import type { ReadonlySignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { InvocationDetail, InvocationState } from '../../messages.ts';
import { detailOf } from '../state/server.ts';
import { invocations } from '../state/store.ts';
import { selected } from '../state/view.ts';

/** The server's latest response for the selected invocation. */
export interface FetchedDetail {
  readonly requestId: string;
  /** The last successful response. It stays when a later request fails. */
  readonly detail: InvocationDetail | undefined;
  readonly failure: string;
}

/** Fetches the selected invocation, and again whenever it changes. Undefined until the first response. */
export function useSelectedDetail(): ReadonlySignal<FetchedDetail | undefined> {
  const fetched = useSignal<FetchedDetail | undefined>(undefined);
  const lastRequest = useRef<DetailRequest | undefined>(undefined);
  const lastResponse = useRef(0);
  useSignalEffect(() => {
    const requestId = selected.value;
    if (fetched.peek()?.requestId !== requestId) fetched.value = undefined;
    const last = lastRequest.current;
    // An invocation that the server no longer retains has no state and does not change.
    const state = requestId === undefined ? undefined : invocations.value.get(requestId);
    if (requestId === last?.requestId && (state === undefined || state === last?.state)) return;
    const request = { requestId, state, order: (last?.order ?? 0) + 1 };
    lastRequest.current = request;
    if (requestId !== undefined) void fetchDetail(requestId, request.order);
  });
  const fetchDetail = async (requestId: string, order: number) => {
    const answer = await detailOf(requestId).then(
      (detail) => ({ detail, failure: '' }),
      ({ message }: Error) => ({ detail: fetched.peek()?.detail, failure: message }),
    );
    // Ignores responses for an earlier selection, and responses that arrive out of order.
    if (selected.peek() !== requestId || order < lastResponse.current) return;
    lastResponse.current = order;
    fetched.value = { requestId, ...answer };
  };
  return fetched;
}

interface DetailRequest {
  readonly requestId: string | undefined;
  /** The state at the time of the request. */
  readonly state: InvocationState | undefined;
  readonly order: number;
}
