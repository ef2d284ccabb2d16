import { InvokeStore, InvokeStoreBase } from '@aws/lambda-invoke-store';
import type { InvokeMessage } from '../src/protocol.ts';
import type { ManagedContext } from './context.ts';
import type { InvocationContext } from './invocation-context.ts';

/** What the code that is running belongs to, across timers and promises. */
export interface CurrentRun {
  readonly message: Pick<InvokeMessage, 'run' | 'metadata'>;
  readonly context: InvocationContext;
}

/**
 * The context of the invocation to which the code that calls belongs, however deep below the handler; undefined outside
 * of invocations, as while a module loads.
 *
 * @returns The very object that the handler got.
 *
 * @example
 * ```ts
 * import { getContext } from 'lambda-managed-runtime/worker';
 *
 * export const headers = () => ({ 'x-request-id': getContext()?.awsRequestId });
 * ```
 */
export function getContext(): ManagedContext | undefined {
  return currentRun()?.context;
}

export function currentRun(): CurrentRun | undefined {
  return registry[STORE]?.get<CurrentRun>(RUN);
}

/**
 * Opens AWS's store and puts it where handlers look for it, `awslambda.InvokeStore`. Always the form for several
 * invocations at once: what an invocation has left behind belongs to it also when the next one runs.
 */
export async function openInvokeStore(): Promise<void> {
  registry[STORE] = await InvokeStore.getInstanceAsync(true);
}

/**
 * Loads the user's module inside the store as well: some packages write into it when they are set up. Code that the
 * module leaves behind goes on in there, whichever invocation causes it, so nothing can be written later.
 */
export async function loadInStore<Result>(load: () => Promise<Result>): Promise<Result> {
  const stored = {};
  try {
    return await store().run(stored, load);
  } finally {
    Object.freeze(stored);
  }
}

/** Calls back inside the store, which then has what AWS defines, and the run. */
export function runInStore<Result>(run: CurrentRun, callback: () => Result): Result {
  const { requestId, traceId, tenantId } = run.message.metadata;
  const { traceparent, tracestate, baggage } = run.context.w3c();
  const stored = {
    [KEYS.REQUEST_ID]: requestId,
    [KEYS.X_RAY_TRACE_ID]: traceId,
    [KEYS.TENANT_ID]: tenantId,
    [KEYS.TRACEPARENT]: traceparent,
    [KEYS.TRACESTATE]: tracestate,
    [KEYS.BAGGAGE]: baggage,
    [RUN]: run,
  };
  return store().run(stored, callback);
}

function store(): InvokeStoreBase {
  return registry[STORE] as InvokeStoreBase;
}

const KEYS = InvokeStoreBase.PROTECTED_KEYS;
const RUN = Symbol.for('lambda-managed-runtime.run');

/** A copy of this module that a bundler made finds the store that the runtime has opened. */
const STORE = Symbol.for('lambda-managed-runtime.invoke-store');
const registry = globalThis as { [STORE]?: InvokeStoreBase };
