import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import type { TracingChannel } from 'node:diagnostics_channel';
import type { Diagnostic } from '../invocation/diagnostic.ts';
import type { InvocationReport, ThreadEndCause } from './observer.ts';

/** The tracing channels' names. Each stands for five channels of Node: `tracing:<name>:start` and so on. */
export const INVOCATION_CHANNEL = 'lambda-managed-runtime:invocation';
export const THREAD_CHANNEL = 'lambda-managed-runtime:thread';
export const REQUEST_CHANNEL = 'lambda-managed-runtime:runtime-api-request';

/** What is published of an invocation: one object for all of its messages. */
export interface PublishedInvocation {
  readonly requestId: string;
  readonly functionArn: string;
  /** The X-Ray trace header. */
  readonly traceId: string | undefined;
  readonly tenantId: string | undefined;
  /** Epoch ms. */
  readonly arrivedAtMs: number;
  /** Epoch ms. */
  readonly deadlineMs: number;
  readonly slot: number;
  readonly bytesIn: number;
  /** From `end` on; 0 is the main thread. */
  thread?: number;
  /** From `asyncEnd` on. */
  report?: InvocationReport;
  /** From `error` on: what the caller got. */
  error?: Diagnostic;
}

/** What is published of a thread. */
export interface PublishedThread {
  readonly thread: number;
  /** From `end` on: how long it took to start, in ms. */
  bootMs?: number;
  /** From `asyncStart` on: why it takes no invocation any more and is replaced; undefined when the runtime ends. */
  cause?: ThreadEndCause | undefined;
  error?: Diagnostic;
}

/** What is published of a request to the Runtime API. */
export interface PublishedRequest {
  readonly method: string;
  readonly path: string;
  /** From `asyncStart` on, if an answer came. */
  status?: number;
  error?: Error;
}

const channels = {
  invocation: tracingChannel<unknown, PublishedInvocation>(INVOCATION_CHANNEL),
  thread: tracingChannel<unknown, PublishedThread>(THREAD_CHANNEL),
  request: tracingChannel<unknown, PublishedRequest>(REQUEST_CHANNEL),
};

/** Begins to publish a life, if anybody listens to any of its channels. */
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

type Errorful = object & { error?: unknown };

/** One life on a tracing channel: its messages come in order, each once, whatever is left out. */
export class TracedOperation<Context extends Errorful> {
  readonly context: Context;
  readonly #channel: TracingChannel<unknown, Context>;
  #passed: 'start' | 'end' | 'asyncStart' | 'asyncEnd' = 'start';

  constructor(channel: TracingChannel<unknown, Context>, context: Context) {
    this.#channel = channel;
    this.context = context;
    channel.start.publish(context);
  }

  begun(): void {
    if (this.#passed !== 'start') return;
    this.#passed = 'end';
    this.#channel.end.publish(this.context);
  }

  concluding(): void {
    this.begun();
    if (this.#passed !== 'end') return;
    this.#passed = 'asyncStart';
    this.#channel.asyncStart.publish(this.context);
  }

  /** Its context has an error if it has failed. */
  ended(): void {
    this.concluding();
    if (this.#passed !== 'asyncStart') return;
    this.#passed = 'asyncEnd';
    if (this.context.error !== undefined) this.#channel.error.publish(this.context);
    this.#channel.asyncEnd.publish(this.context);
  }
}

type TracingEvent = 'start' | 'end' | 'asyncStart' | 'asyncEnd' | 'error';

/** Subscribes to some events of a tracing channel. Returns a function that unsubscribes, and says whether it was still subscribed. */
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
