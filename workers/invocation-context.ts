import { Promise, clearTimeout, dateNow, nextTurn, setTimeout } from '../src/builtins.ts';
import type { InvocationMetadata } from '../src/invocation/invocation.ts';
import { signalAtMs } from '../src/invocation/deadline.ts';
import { msUntil } from '../src/invocation/time.ts';
import type { InvokerSettings } from '../src/thread-settings.ts';
import type { ClientContext, CognitoIdentity, ManagedContext, TraceContext } from './context.ts';
import { HandlerError } from './handler-error.ts';
import type { HandlerErrorLog } from './logging/handler-error-log.ts';

/** The context of one invocation. Creates rarely used members lazily. */
export class InvocationContext implements ManagedContext {
  callbackWaitsForEmptyEventLoop = true;
  readonly functionName: string;
  readonly functionVersion: string;
  readonly invokedFunctionArn: string;
  readonly memoryLimitInMB: string;
  readonly awsRequestId: string;
  readonly logGroupName: string;
  readonly logStreamName: string;
  readonly identity: CognitoIdentity | undefined;
  readonly clientContext: ClientContext | undefined;
  readonly tenantId: string | undefined;
  readonly xRayTraceId: string | undefined;
  readonly deadlineMs: number;
  readonly #traceContext: TraceContext;
  readonly #abortAtMs: number;
  readonly #metadata: InvocationMetadata;
  readonly #onBackgroundFailed: HandlerErrorLog['backgroundFailed'];
  #background: BackgroundWork | undefined;
  #abort: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #finished = false;

  constructor(
    metadata: InvocationMetadata,
    settings: Pick<InvokerSettings, 'lambda' | 'deadlineMarginMs'>,
    onBackgroundFailed: HandlerErrorLog['backgroundFailed'],
  ) {
    this.#metadata = metadata;
    this.#onBackgroundFailed = onBackgroundFailed;
    const { lambda } = settings;
    this.functionName = lambda.functionName;
    this.functionVersion = lambda.functionVersion;
    this.memoryLimitInMB = lambda.memoryLimitInMB;
    this.logGroupName = lambda.logGroupName;
    this.logStreamName = lambda.logStreamName;
    this.invokedFunctionArn = metadata.invokedFunctionArn;
    this.awsRequestId = metadata.requestId;
    this.tenantId = metadata.tenantId;
    this.xRayTraceId = metadata.traceId;
    this.deadlineMs = metadata.deadlineMs;
    this.identity = parseHeader<CognitoIdentity>('Lambda-Runtime-Cognito-Identity', metadata.cognitoIdentity);
    const client = parseHeader<ClientContext>('Lambda-Runtime-Client-Context', metadata.clientContext);
    this.#traceContext = takeTraceContext(client);
    this.clientContext = client;
    this.#abortAtMs = signalAtMs(metadata.deadlineMs, dateNow(), settings);
  }

  // Own properties as in AWS's context, because libraries detach these functions from the context.
  readonly getRemainingTimeInMillis = (): number => this.deadlineMs - dateNow();
  readonly w3c = (): TraceContext => this.#traceContext;
  readonly waitUntil = (promise: PromiseLike<unknown>): void => {
    this.#backgroundWork().add(promise);
  };

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (!this.#finished) this.#timer = setTimeout(() => this.#expire(), msUntil(this.#abortAtMs)).unref();
    }
    return this.#abort.signal;
  }

  /** Resolves when the background work has settled, with whether all of it succeeded; undefined if there is none. */
  get background(): Promise<boolean> | undefined {
    return this.#background?.settled();
  }

  done(): void {
    throw notSupported('done');
  }

  fail(): void {
    throw notSupported('fail');
  }

  succeed(): void {
    throw notSupported('succeed');
  }

  /** Must be called when the rest of a streaming handler fails after its response; its error has been logged. */
  backgroundFailed(): void {
    this.#backgroundWork().failed();
  }

  /** Must be called when handler and background work have settled; the signal no longer aborts. */
  finish(): void {
    this.#finished = true;
    clearTimeout(this.#timer);
  }

  #backgroundWork(): BackgroundWork {
    return (this.#background ??= new BackgroundWork((thrown) =>
      this.#onBackgroundFailed(thrown, this.#metadata),
    ));
  }

  #expire(): void {
    const leftMs = Math.max(0, Math.round(this.deadlineMs - dateNow()));
    const message = `The invocation ${this.awsRequestId} reaches its deadline in ${leftMs} ms.`;
    // `name` as in the reason of AbortSignal.timeout(). `code` tells the two apart.
    const reason = new DOMException(message, 'TimeoutError');
    this.#abort?.abort(Object.defineProperty(reason, 'code', { value: DEADLINE_CODE, enumerable: true }));
  }
}

/** The `code` of the reason with which `context.signal` aborts. */
const DEADLINE_CODE = 'DEADLINE_NEAR';

function parseHeader<Value>(name: string, json: string | undefined): Value | undefined {
  if (json === undefined) return undefined;
  try {
    return JSON.parse(json) as Value;
  } catch (cause) {
    throw new HandlerError('Runtime.MalformedEvent', `The header ${name} of the event is not valid JSON.`, {
      cause,
    });
  }
}

/** Shared by all invocations without a trace context, therefore frozen. */
const NO_TRACE_CONTEXT: TraceContext = Object.freeze({});

/** Removes the key `w3c` from the client context, because it is meant for the runtime. */
function takeTraceContext(client: (ClientContext & { w3c?: unknown }) | undefined): TraceContext {
  if (typeof client !== 'object' || client === null || !('w3c' in client)) return NO_TRACE_CONTEXT;
  const sent = Object(client.w3c) as Record<string, unknown>;
  delete client.w3c;
  return Object.fromEntries(
    ['traceparent', 'tracestate', 'baggage']
      .map((key) => [key, sent[key]])
      .filter(([, value]) => typeof value === 'string'),
  ) as TraceContext;
}

function notSupported(method: string): HandlerError {
  return new HandlerError(
    'Runtime.CallbackHandlerDeprecated',
    `context.${method}() is not supported. Return a result or a promise from the handler, or throw an error.`,
  );
}

/** The background work of one invocation: promises, whose rejections it handles, and the rest of a streaming handler. */
class BackgroundWork {
  readonly #onRejected: (thrown: unknown) => void;
  readonly #pending = new Set<Promise<void>>();
  #succeeded = true;

  constructor(onRejected: (thrown: unknown) => void) {
    this.#onRejected = onRejected;
  }

  add(promise: PromiseLike<unknown>): void {
    const work = this.#handleRejection(promise);
    this.#pending.add(work);
    void work.then(() => this.#pending.delete(work));
  }

  failed(): void {
    this.#succeeded = false;
  }

  /** Resolves when all promises have settled, including those added meanwhile, with whether none was rejected. */
  async settled(): Promise<boolean> {
    while (this.#pending.size > 0) {
      await Promise.all(this.#pending);
      // Other code that awaits the same promise may add another one.
      await nextTurn();
    }
    return this.#succeeded;
  }

  async #handleRejection(promise: PromiseLike<unknown>): Promise<void> {
    try {
      await promise;
    } catch (error) {
      this.failed();
      this.#onRejected(error);
    }
  }
}
