import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { Promise, dateNow } from '../builtins.ts';
import { onAbort } from '../waiting.ts';
import { Condition } from './condition.ts';
import type { HttpAnswer } from './http-exchange.ts';
import { failedResult, unavailableResult } from './invoke.ts';
import type { InvokeOptions, InvokeResult, ReportedError } from './invoke.ts';
import type { OpenInvocations } from './open-invocations.ts';
import { eventAnswer, eventHeaders } from './runtime-api/next-answer.ts';

/** The properties of the function and its environment that the broker needs. */
export interface BrokerSettings {
  readonly functionArn: string;
  readonly timeoutMs: number;
  readonly enforceTimeout: boolean;
  /** Whether all extensions are ready. Init then only needs an open poll. */
  readonly isReady: () => boolean;
}

/** Matches callers with open polls. */
export class InvocationBroker {
  readonly #settings: BrokerSettings;
  readonly #polls: PollQueue;
  readonly #invocations: OpenInvocations;
  readonly #callers = new CallerQueue();
  #closed = false;
  /** Why the function could not start. Cleared by a poll or another start. */
  #initError: ReportedError | undefined;

  constructor(settings: BrokerSettings, polls: PollQueue, invocations: OpenInvocations) {
    this.#settings = settings;
    this.#polls = polls;
    this.#invocations = invocations;
  }

  /** Delivers an event to the oldest open poll. See `RuntimeApiServer.invoke`. */
  invoke(event: string | Uint8Array, options: InvokeOptions): Promise<InvokeResult> {
    return new Promise((resolve, reject) => {
      options.signal?.throwIfAborted();
      const caller = this.#caller(event, options, resolve, reject);
      const ready = this.#settings.isReady();
      const poll = ready ? this.#polls.take() : undefined;
      if (poll !== undefined) caller.serve(poll);
      else if (this.#closed) caller.reject('The server is closed');
      else if (options.orInitError === true && this.#initError !== undefined) caller.fail(this.#initError);
      else if (options.whenCapacity === true) this.#callers.push(caller);
      else caller.reject(ready ? 'No /next is open' : 'An extension is not ready');
    });
  }

  /** Matches a new poll with the caller that has waited longest; keeps it open if no caller waits. */
  addPoll(poll: Poll): void {
    this.#initError = undefined;
    if (!this.#settings.isReady() || !this.#callers.serve(poll)) this.#polls.push(poll);
  }

  /** Matches waiting callers with open polls. Called when all extensions are ready. */
  serveWaiting(): void {
    while (this.#callers.length > 0) {
      const poll = this.#polls.take();
      if (poll === undefined) return;
      this.#callers.serve(poll);
    }
  }

  /** The number of callers with an invocation in flight or waiting for a poll. */
  get busy(): number {
    return this.#invocations.size + this.#callers.length;
  }

  /** Fails all waiting callers with an init error. */
  initFailed(error: ReportedError): void {
    this.#initError = error;
    this.#callers.failAll(error);
  }

  /** Fails all waiting callers because the runtime failed. A posted init error takes precedence, as it is more specific. */
  runtimeFailed(message: string): void {
    const body = Buffer.from(JSON.stringify({ errorType: 'Runtime.ExitError', errorMessage: message }));
    this.initFailed(this.#initError ?? { rawErrorType: 'Runtime.ExitError', body });
  }

  /** Clears the init error when the runtime starts again, so that callers wait for it. */
  initStarts(): void {
    this.#initError = undefined;
  }

  close(): void {
    this.#closed = true;
    this.#callers.close('The server is closed');
  }

  #caller(
    event: string | Uint8Array,
    options: InvokeOptions,
    resolve: (result: InvokeResult) => void,
    reject: (reason: unknown) => void,
  ): WaitingCaller {
    const headers = eventHeaders(options);
    const { signal } = options;
    const settle = (result: InvokeResult): void => {
      removeListener?.();
      resolve(result);
    };
    const caller: WaitingCaller = {
      serve: (poll) => {
        const requestId = options.requestId ?? randomUUID();
        if (this.#invocations.has(requestId)) {
          reject(new Error(`An invocation with the request id ${requestId} is already in flight`));
          this.addPoll(poll);
          return;
        }
        const deadlineMs = this.#open(requestId, options, settle);
        poll.deliver(
          requestId,
          eventAnswer(event, requestId, deadlineMs, this.#settings.functionArn, headers),
        );
      },
      reject: (reason) => settle(unavailableResult(reason)),
      fail: (error) => settle(failedResult(options.requestId ?? randomUUID(), error)),
    };
    const giveUp = (): void => {
      this.#callers.remove(caller);
      reject(signal?.reason);
    };
    const removeListener = signal && onAbort(signal, giveUp);
    const onDisconnected = (): void => {
      if (this.#callers.remove(caller)) caller.reject('The caller disconnected');
    };
    if (options.whileWaiting !== undefined) onAbort(options.whileWaiting, onDisconnected);
    return caller;
  }

  /** Returns the deadline that the runtime is told. */
  #open(requestId: string, options: InvokeOptions, resolve: (result: InvokeResult) => void): number {
    const now = dateNow();
    const deadlineMs = options.deadlineMs ?? now + (options.timeoutMs ?? this.#settings.timeoutMs);
    const invocation = {
      requestId,
      onChunk: options.onChunk,
      keepStream: options.keepStream ?? true,
      resolve,
      stream: undefined,
      streamedBytes: 0,
      timeout: undefined,
    };
    this.#invocations.add(invocation);
    if (this.#settings.enforceTimeout) this.#invocations.setTimeout(invocation, deadlineMs - now);
    return options.deadlineInMs === undefined ? deadlineMs : now + Math.round(options.deadlineInMs);
  }
}

/** A caller that waits for a poll. Exactly one of its methods is called, once. */
interface WaitingCaller {
  serve(poll: Poll): void;
  reject(reason: string): void;
  /** The function could not start. */
  fail(initError: ReportedError): void;
}

/** The callers that wait for a poll: first in, first out. */
class CallerQueue {
  readonly #callers: WaitingCaller[] = [];

  get length(): number {
    return this.#callers.length;
  }

  push(caller: WaitingCaller): void {
    this.#callers.push(caller);
  }

  /** Removes a caller that has given up. Returns false if it was no longer waiting. */
  remove(caller: WaitingCaller): boolean {
    const index = this.#callers.indexOf(caller);
    if (index !== -1) this.#callers.splice(index, 1);
    return index !== -1;
  }

  /** Matches a poll with the caller that has waited longest. Returns false if no caller waits. */
  serve(poll: Poll): boolean {
    const caller = this.#callers.shift();
    caller?.serve(poll);
    return caller !== undefined;
  }

  failAll(initError: ReportedError): void {
    for (const caller of this.#callers.splice(0)) caller.fail(initError);
  }

  close(reason: string): void {
    for (const caller of this.#callers.splice(0)) caller.reject(reason);
  }
}

/** One open `/next`. */
interface Poll {
  readonly socket: Socket;
  deliver(requestId: string, event: HttpAnswer): void;
}

/** The open polls: first in, first out. Polls of closed connections are removed. */
export class PollQueue {
  readonly #changed = new Condition();
  #polls: Poll[] = [];

  get length(): number {
    return this.#polls.length;
  }

  push(poll: Poll): void {
    this.#polls.push(poll);
    this.#changed.changed();
  }

  take(): Poll | undefined {
    let poll = this.#polls.shift();
    while (poll !== undefined && !poll.socket.writable) poll = this.#polls.shift();
    return poll;
  }

  /** Removes the polls of a closed connection. */
  drop(socket: Socket): void {
    this.#polls = this.#polls.filter((poll) => poll.socket !== socket);
  }

  whenLength(count: number, signal?: AbortSignal): Promise<void> {
    return this.#changed.until(() => this.#polls.length >= count, signal);
  }

  close(error: Error): void {
    this.#polls = [];
    this.#changed.abandon(error);
  }
}
