import { AsyncLocalStorage } from 'node:async_hooks';
import { InvokeStore, InvokeStoreBase } from '@aws/lambda-invoke-store';
import type { InvokeMessage } from '../src/protocol.ts';
import type { ManagedContext } from './context.ts';
import { HandlerError } from './handler-error.ts';
import type { InvocationContext } from './invocation-context.ts';
import { globalSlot } from '../src/global-slot.ts';

/** What the code that is running belongs to, across timers and promises. */
export interface CurrentInvocation {
  readonly message: Pick<InvokeMessage, 'invocationId' | 'metadata'>;
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
  return currentInvocation()?.context;
}

export function currentInvocation(): CurrentInvocation | undefined {
  return current.value?.();
}

/** The invocation to which an error is charged that no promise of a handler has caught; all undefined for none. */
export interface ChargedInvocation {
  readonly invocationId: number | undefined;
  readonly requestId: string | undefined;
  readonly tenantId: string | undefined;
}

/**
 * The invocation whose code is running. Native code can call back, and listeners can be called, outside of any frame: then
 * it is the one that runs on the thread, where only one can. What a module has left behind while it loaded belongs to none.
 */
export function chargedInvocation(ownsThread: boolean): ChargedInvocation {
  const frame = frames.getStore();
  const message = (frame === undefined && ownsThread ? latest : frame?.invocation)?.message;
  return {
    invocationId: message?.invocationId,
    requestId: message?.metadata.requestId,
    tenantId: message?.metadata.tenantId,
  };
}

/** To be called when an invocation has settled, background work included. */
export function leaveStore(invocation: CurrentInvocation): void {
  if (latest === invocation) latest = undefined;
}

/** The invocation that began last, until it has settled. */
let latest: CurrentInvocation | undefined;

/**
 * Puts the runtime's store where libraries look for AWS's: into `awslambda.InvokeStore`, and into what
 * `@aws/lambda-invoke-store` hands out. A store that was opened before leads to it from now on, for those who hold it
 * already, a preloaded module for example. Opened without `AWS_LAMBDA_MAX_CONCURRENCY`, AWS's store knows one invocation
 * only, and each version of the package has other keys.
 *
 * @throws HandlerError `Runtime.InvokeStoreFrozen` when such a store cannot be changed.
 */
export async function openInvokeStore(): Promise<void> {
  const { awslambda } = globalThis as { awslambda?: { InvokeStore?: InvokeStoreBase } };
  const before = awslambda?.InvokeStore;
  try {
    if (awslambda !== undefined) awslambda.InvokeStore = store;
    // A copy of the package that was used before goes on with what it has opened.
    const handedOut = await InvokeStore.getInstanceAsync(true);
    for (const other of [before, handedOut]) if (other !== undefined && other !== store) redirect(other);
  } catch (cause) {
    throw new HandlerError(
      'Runtime.InvokeStoreFrozen',
      'The invoke store that was opened before the runtime cannot be replaced: invocations would see each other’s ids. ' +
        'Do not freeze globalThis.awslambda or what it holds.',
      { cause },
    );
  }
  current.value = () => frames.getStore()?.invocation;
}

/**
 * Loads the user's module inside the store as well: some packages write into it when they are set up. Code that the
 * module leaves behind goes on in there, whichever invocation causes it, so nothing can be written later.
 */
export async function loadInStore<Result>(load: () => Promise<Result>): Promise<Result> {
  const values = {};
  try {
    return await frames.run({ values, invocation: undefined }, load);
  } finally {
    Object.freeze(values);
  }
}

/** Calls back inside the store, which then has what AWS defines, and the invocation. */
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

/** What follows an invocation. */
interface Frame {
  /** What libraries see. */
  readonly values: Values;
  /** Stays the same where a library runs something with values of its own. */
  readonly invocation: CurrentInvocation | undefined;
}

type Values = Record<string | symbol, unknown>;

/** AWS's store in the form for several invocations at once: what an invocation has left behind belongs to it as well. */
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
    if (values === undefined) throw new Error('There is no invocation here whose values could be set.');
    values[key] = value;
  }

  override run<Result>(values: Values, callback: () => Result): Result {
    return frames.run({ values, invocation: frames.getStore()?.invocation }, callback);
  }
}

/** Versions of the package differ in what is a method of the object, of its class, or of a class that is the store. */
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

const current = globalSlot<() => CurrentInvocation | undefined>('current-invocation');
