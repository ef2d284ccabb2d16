import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import type { TracingChannel } from 'node:diagnostics_channel';
import type { Diagnostic } from '../invocation/diagnostic.ts';
import type { InvocationReport, ThreadEndCause } from './observer.ts';

/** Names of the tracing channels. Each consists of five Node.js channels: `tracing:<name>:start` and so on. */
export const INVOCATION_CHANNEL = 'lambda-managed-runtime:invocation';
export const THREAD_CHANNEL = 'lambda-managed-runtime:thread';
export const REQUEST_CHANNEL = 'lambda-managed-runtime:runtime-api-request';

/** The message for an invocation. All events of one invocation carry the same object. */
export interface PublishedInvocation {
  readonly requestId: string;
  readonly functionArn: string;
  /** The value of the X-Ray trace header. */
  readonly traceId: string | undefined;
  readonly tenantId: string | undefined;
  /** Epoch ms. */
  readonly arrivedAtMs: number;
  /** Epoch ms. */
  readonly deadlineMs: number;
  readonly slot: number;
  readonly bytesIn: number;
  /** Set from `end` on; 0 is the main thread. */
  thread?: number;
  /** Set from `asyncEnd` on. */
  report?: InvocationReport;
  /** Set from `error` on: the error that the caller got. */
  error?: Diagnostic;
}

/** The message for a thread. All events of one thread carry the same object. */
export interface PublishedThread {
  readonly thread: number;
  /** Set from `end` on: how long the thread took to start, in ms. */
  startDurationMs?: number;
  /** Set from `asyncStart` on: why the thread is replaced; undefined when the runtime ends. */
  cause?: ThreadEndCause | undefined;
  error?: Diagnostic;
}

/** The message for a request to the Runtime API. All events of one request carry the same object. */
export interface PublishedRequest {
  readonly method: string;
  readonly path: string;
  /** Set from `asyncStart` on, if there was a response. */
  status?: number;
  error?: Error;
}

const channels = {
  invocation: tracingChannel<unknown, PublishedInvocation>(INVOCATION_CHANNEL),
  thread: tracingChannel<unknown, PublishedThread>(THREAD_CHANNEL),
  request: tracingChannel<unknown, PublishedRequest>(REQUEST_CHANNEL),
};

/** Starts to publish an invocation. Returns undefined, and does not call `context`, if the channel has no subscribers. */
export function publishInvocation(
  context: () => PublishedInvocation,
): TracedOperation<PublishedInvocation> | undefined {
  return channels.invocation.hasSubscribers ? new TracedOperation(channels.invocation, context()) : undefined;
}

export function publishThread(context: PublishedThread): TracedOperation<PublishedThread> | undefined {
  return channels.thread.hasSubscribers ? new TracedOperation(channels.thread, context) : undefined;
}

export function publishRequest(method: string, path: string): TracedOperation<PublishedRequest> | undefined {
  return channels.request.hasSubscribers
    ? new TracedOperation(channels.request, { method, path })
    : undefined;
}

type MayHaveError = object & { error?: unknown };

/**
 * One operation on a tracing channel. Each event is published once and in order. A method first publishes the events
 * that precede its own.
 */
export class TracedOperation<Context extends MayHaveError> {
  readonly context: Context;
  readonly #channel: TracingChannel<unknown, Context>;
  #state: 'start' | 'end' | 'asyncStart' | 'asyncEnd' = 'start';

  constructor(channel: TracingChannel<unknown, Context>, context: Context) {
    this.#channel = channel;
    this.context = context;
    channel.start.publish(context);
  }

  publishEnd(): void {
    if (this.#state !== 'start') return;
    this.#state = 'end';
    this.#channel.end.publish(this.context);
  }

  publishAsyncStart(): void {
    this.publishEnd();
    if (this.#state !== 'end') return;
    this.#state = 'asyncStart';
    this.#channel.asyncStart.publish(this.context);
  }

  /** Also publishes `error`, if the context has one. */
  publishAsyncEnd(): void {
    this.publishAsyncStart();
    if (this.#state !== 'asyncStart') return;
    this.#state = 'asyncEnd';
    if (this.context.error !== undefined) this.#channel.error.publish(this.context);
    this.#channel.asyncEnd.publish(this.context);
  }
}

type TracingEvent = 'start' | 'end' | 'asyncStart' | 'asyncEnd' | 'error';

/**
 * Subscribes to events of a tracing channel. Returns a function that unsubscribes. It returns false if the subscription
 * had already ended.
 */
export function subscribeToChannel<Context>(
  channel: string,
  listeners: Partial<Record<TracingEvent, (context: Context) => void>>,
): () => boolean {
  const added = Object.entries(listeners).map(([event, listener]) => {
    const name = `tracing:${channel}:${event}`;
    const onMessage = (message: unknown) => listener(message as Context);
    subscribe(name, onMessage);
    return () => unsubscribe(name, onMessage);
  });
  return () => added.map((remove) => remove()).includes(true);
}
