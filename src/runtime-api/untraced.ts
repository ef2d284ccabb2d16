/**
 * Keeps instrumentation from tracing the runtime's own requests. Modules that `NODE_OPTIONS` preloads also run on the main
 * thread: they would make spans for `/next` and `/response` and add trace headers to them.
 */
import { channel } from 'node:diagnostics_channel';
import diagnostics from 'undici/lib/core/diagnostics.js';

const origins = new Set<unknown>();

/** Keeps undici from publishing the requests to an origin on its diagnostics channels. */
export function hideRequestsTo(origin: string): void {
  if (origins.size === 0) filterChannels();
  origins.add(origin);
}

/** In single mode the handler may use the same copy of undici, so the channels still publish its requests. */
function filterChannels(): void {
  const { channels } = diagnostics;
  for (const name of REQUEST_CHANNELS)
    channels[name] = withoutHiddenRequests(channels[name] as RequestChannel);
}

const REQUEST_CHANNELS = [
  'create',
  'bodySent',
  'bodyChunkSent',
  'bodyChunkReceived',
  'headers',
  'trailers',
  'error',
  'sendHeaders',
] as const;

/** The part of a channel that undici uses. */
interface RequestChannel {
  readonly hasSubscribers: boolean;
  publish(message: { readonly request: { readonly origin?: unknown } }): void;
}

function withoutHiddenRequests(original: RequestChannel): RequestChannel {
  return {
    get hasSubscribers() {
      return original.hasSubscribers;
    },
    publish(message) {
      if (!origins.has(message.request.origin)) original.publish(message);
    },
  };
}

/** Calls a function that opens a connection or creates a request of `node:http`, without spans and trace headers for it. */
export function untraced<Result>(call: () => Result): Result {
  const silenced = CHANNELS.map((name) => channel(name)).filter(({ hasSubscribers }) => hasSubscribers);
  // Publishers look at this property first.
  for (const each of silenced) Object.defineProperty(each, 'hasSubscribers', SILENT);
  try {
    return withoutOpenTelemetry(call);
  } finally {
    for (const each of silenced) Reflect.deleteProperty(each, 'hasSubscribers');
  }
}

const CHANNELS = [
  // Node.js
  'net.client.socket',
  'http.client.request.created',
  // dd-trace
  'apm:net:tcp:start',
  'apm:http:client:request:start',
];

const SILENT = { value: false, configurable: true };

/** Calls the function in a context in which OpenTelemetry makes no spans. */
function withoutOpenTelemetry<Result>(call: () => Result): Result {
  const manager = (globalThis as Record<symbol, { context?: ContextManager } | undefined>)[API]?.context;
  return manager === undefined ? call() : manager.with(manager.active().setValue(SUPPRESS, true), call);
}

/** The registry that all copies of `@opentelemetry/api` 1.x share, and the key of `suppressTracing()`. */
const API = Symbol.for('opentelemetry.js.api.1');
const SUPPRESS = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

interface ContextManager {
  active(): { setValue(key: symbol, value: unknown): unknown };
  with<Result>(context: unknown, call: () => Result): Result;
}
