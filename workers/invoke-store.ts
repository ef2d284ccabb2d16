import { AsyncLocalStorage } from 'node:async_hooks';
import { InvokeStore, InvokeStoreBase } from '@aws/lambda-invoke-store';
import type { InvokeMessage } from '../src/protocol.ts';
import type { ManagedContext } from './context.ts';
import { HandlerError } from './handler-error.ts';
import type { InvocationContext } from './invocation-context.ts';
import { realmGlobal } from '../src/realm-global.ts';

/** The invocation to which the running code belongs, across timers and promises. */
export interface CurrentInvocation {
  readonly message: Pick<InvokeMessage, 'invocationId' | 'metadata'>;
  readonly context: InvocationContext;
}

/**
 * Returns the context of the current invocation from anywhere in the call tree of the handler. Undefined outside of
 * invocations, for example while a module loads.
 *
 * @returns The same object that the handler received.
 *
 * @example
 * ```ts
 * import { getContext } from 'lambda-managed-runtime/worker';
 *
 * export const headers = () => ({ 'x-request-id': getContext()?.awsRequestId });
 * ```
 */
export function getContext(): ManagedContext | undefined {
  return currentInvocation()?.context;
}

export function currentInvocation(): CurrentInvocation | undefined {
  return current.value?.();
}

/** The invocation to which an uncaught error is attributed; all fields are undefined if there is none. */
export interface BlamedInvocation {
  readonly invocationId: number | undefined;
  readonly requestId: string | undefined;
  readonly tenantId: string | undefined;
}

/**
 * The invocation whose code is running. Native callbacks and listeners may run outside of any frame; they are attributed to the
 * thread's invocation if only one can run at a time. Code started while a module loaded belongs to no invocation.
 */
export function blamedInvocation(ownsThread: boolean): BlamedInvocation {
  const frame = frames.getStore();
  const message = (frame === undefined && ownsThread ? latest : frame?.invocation)?.message;
  return {
    invocationId: message?.invocationId,
    requestId: message?.metadata.requestId,
    tenantId: message?.metadata.tenantId,
  };
}

/** Must be called when an invocation has settled, including background work. */
export function forgetLatest(invocation: CurrentInvocation): void {
  if (latest === invocation) latest = undefined;
}

/** The invocation that was started last, until it has settled. */
let latest: CurrentInvocation | undefined;

/**
 * Installs the runtime's store as `awslambda.InvokeStore` and as the instance of `@aws/lambda-invoke-store`. An instance that
 * was created before, for example by a preloaded module, is redirected to it. This is necessary because AWS's store supports
 * only one invocation if it was created without `AWS_LAMBDA_MAX_CONCURRENCY`, and versions of the package use different keys.
 *
 * @throws HandlerError `Runtime.InvokeStoreFrozen` if an existing store cannot be changed.
 */
export async function openInvokeStore(): Promise<void> {
  const { awslambda } = globalThis as { awslambda?: { InvokeStore?: InvokeStoreBase } };
  const before = awslambda?.InvokeStore;
  try {
    if (awslambda !== undefined) awslambda.InvokeStore = store;
    // Another copy of the package keeps using the instance that it has created.
    const handedOut = await InvokeStore.getInstanceAsync(true);
    for (const other of [before, handedOut]) if (other !== undefined && other !== store) redirect(other);
  } catch (cause) {
    throw new HandlerError(
      'Runtime.InvokeStoreFrozen',
      'The existing invoke store cannot be replaced, so invocations would see the ids of other invocations. ' +
        'Do not freeze globalThis.awslambda or its properties.',
      { cause },
    );
  }
  current.value = () => frames.getStore()?.invocation;
}

/**
 * Loads the user's module with values in the store, because some packages write to it during setup. The values are frozen
 * afterwards, because callbacks from the module's setup continue to see them, whichever invocation triggers the callback.
 */
export async function loadInStore<Result>(load: () => Promise<Result>): Promise<Result> {
  const values = {};
  try {
    return await frames.run({ values, invocation: undefined }, load);
  } finally {
    Object.freeze(values);
  }
}

/** Runs the callback with the invocation and AWS's values in the store. */
export function runInInvokeStore<Result>(invocation: CurrentInvocation, callback: () => Result): Result {
  const { requestId, traceId, tenantId } = invocation.message.metadata;
  const { traceparent, tracestate, baggage } = invocation.context.w3c();
  const values = {
    [KEYS.REQUEST_ID]: requestId,
    [KEYS.X_RAY_TRACE_ID]: traceId,
    [KEYS.TENANT_ID]: tenantId,
    [KEYS.TRACEPARENT]: traceparent,
    [KEYS.TRACESTATE]: tracestate,
    [KEYS.BAGGAGE]: baggage,
  };
  latest = invocation;
  return frames.run({ values, invocation }, callback);
}

/** The asynchronous context of an invocation. */
interface Frame {
  /** The values that libraries see. */
  readonly values: Values;
  /** Stays the same if a library runs code with its own values. */
  readonly invocation: CurrentInvocation | undefined;
}

type Values = Record<string | symbol, unknown>;

/** AWS's store for concurrent invocations. Code that continues after an invocation still belongs to it. */
class FollowingStore extends InvokeStoreBase {
  override getContext(): Values | undefined {
    return frames.getStore()?.values;
  }

  override hasContext(): boolean {
    return frames.getStore() !== undefined;
  }

  override get<Value>(key: string | symbol): Value | undefined {
    return frames.getStore()?.values[key] as Value | undefined;
  }

  override set(key: string | symbol, value: unknown): void {
    if (this.isProtectedKey(key)) {
      throw new Error(`The field ${String(key)} of the Lambda context cannot be changed.`);
    }
    const values = this.getContext();
    if (values === undefined) throw new Error('Values can be set only within an invocation.');
    values[key] = value;
  }

  override run<Result>(values: Values, callback: () => Result): Result {
    return frames.run({ values, invocation: frames.getStore()?.invocation }, callback);
  }
}

/** Overrides all methods on the object itself, because package versions differ in where they define them. */
function redirect(other: object): void {
  for (const name of METHODS) {
    const method = store[name].bind(store);
    Object.defineProperty(other, name, { value: method, writable: true, configurable: true });
  }
  Object.defineProperty(other, 'PROTECTED_KEYS', { value: KEYS, writable: true, configurable: true });
}

const METHODS = [
  'getContext',
  'hasContext',
  'get',
  'set',
  'run',
  'getRequestId',
  'getXRayTraceId',
  'getTenantId',
  'getTraceparent',
  'getTracestate',
  'getBaggage',
] as const satisfies readonly (keyof InvokeStoreBase)[];

const KEYS = InvokeStoreBase.PROTECTED_KEYS;
const frames = new AsyncLocalStorage<Frame>();
const store = new FollowingStore();

const current = realmGlobal<() => CurrentInvocation | undefined>('current-invocation');
