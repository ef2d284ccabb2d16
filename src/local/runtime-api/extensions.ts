import { randomUUID } from 'node:crypto';
import { Condition } from '../condition.ts';
import { faultOnArrival } from './fault-effects.ts';
import type { FaultRules } from './faults.ts';
import {
  type HttpAnswer,
  type HttpExchange,
  jsonAnswer,
  refusal,
  collectBody,
  MAX_ERROR_BYTES,
} from '../http-exchange.ts';
import type { Route } from '../http-server.ts';

/** What the Extensions API needs to know about the environment. */
export interface ExtensionSettings {
  readonly functionName: string;
  /** Whether a poll is open or an invocation is in flight. Registration is then closed. */
  readonly isServing: () => boolean;
  /** Called when an extension has become ready. */
  readonly onWaiting: () => void;
}

/** The Extensions API for internal extensions (`/2020-01-01/extension/…`), which receive no events. */
export class Extensions {
  readonly #settings: ExtensionSettings;
  readonly #ids = new Map<string, 'registered' | 'waiting'>();
  readonly #changed = new Condition();

  constructor(settings: ExtensionSettings) {
    this.#settings = settings;
  }

  get registered(): boolean {
    return this.#ids.size > 0;
  }

  /** Whether every registered extension has asked for its next event. */
  get ready(): boolean {
    for (const state of this.#ids.values()) if (state === 'registered') return false;
    return true;
  }

  /** Resolves when at least one extension is registered and all registered ones wait for their next event. */
  whenWaiting(): Promise<void> {
    return this.#changed.until(() => this.registered && this.ready);
  }

  register(name: string | undefined, body: Buffer | undefined): HttpAnswer {
    const events = subscribedEvents(body);
    if (name === undefined || name === '') {
      return refusal(403, 'Extension.InvalidExtensionName', 'Empty extension name');
    }
    if (events === undefined) return refusal(403, 'InvalidRequestFormat', 'The body must be {"events":[]}');
    if (events.length > 0) {
      return refusal(
        403,
        'Extension.InvalidEventType',
        `Internal extensions cannot subscribe to ${events[0]}`,
      );
    }
    if (this.#settings.isServing()) {
      return refusal(403, 'Extension.RegistrationClosed', 'The runtime has already called /next');
    }
    const id = randomUUID();
    this.#ids.set(id, 'registered');
    const { functionName } = this.#settings;
    return jsonAnswer(200, { functionName, functionVersion: '$LATEST', handler: 'index.handler' }, [
      'Lambda-Extension-Identifier',
      id,
    ]);
  }

  /** Leaves the request of a registered extension open. Returns an error response for an unknown one. */
  next(id: string | undefined): HttpAnswer | undefined {
    if (id === undefined || !this.#ids.has(id)) {
      return refusal(403, 'Extension.UnknownExtensionIdentifier', `Unknown extension ${id ?? ''}`);
    }
    this.#ids.set(id, 'waiting');
    this.#settings.onWaiting();
    this.#changed.changed();
    return undefined;
  }

  close(error: Error): void {
    this.#changed.abandon(error);
  }
}

export function extensionRoutes(extensions: Extensions, faults: FaultRules): Route {
  return (exchange) => {
    const { method, url } = exchange.req;
    if (method === 'POST' && url === '/2020-01-01/extension/register') {
      const fault = faults.onArrival('register');
      if (fault === undefined) register(extensions, exchange);
      else faultOnArrival(fault, exchange, (faulty) => register(extensions, faulty));
      return true;
    }
    if (method !== 'GET' || url !== '/2020-01-01/extension/event/next') return false;
    const fault = faults.onArrival('extension-next');
    if (fault === undefined) next(extensions, exchange);
    else faultOnArrival(fault, exchange, (faulty) => next(extensions, faulty));
    return true;
  };
}

function next(extensions: Extensions, { req, reply }: HttpExchange): void {
  const refused = extensions.next(req.headers['lambda-extension-identifier']?.toString());
  if (refused !== undefined) reply(refused);
}

function register(extensions: Extensions, { req, reply }: HttpExchange): void {
  const name = req.headers['lambda-extension-name']?.toString();
  collectBody(req, MAX_ERROR_BYTES, (body) => reply(extensions.register(name, body)));
}

function subscribedEvents(body: Buffer | undefined): readonly unknown[] | undefined {
  try {
    const { events } = JSON.parse((body ?? '').toString()) as { events?: unknown };
    return Array.isArray(events) ? events : undefined;
  } catch {
    return undefined;
  }
}
