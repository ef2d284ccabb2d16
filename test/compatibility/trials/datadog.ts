import assert from 'node:assert/strict';
import type { FunctionProcess } from '../function-process.ts';
import { SHARED, SINGLE } from '../group.ts';
import type { Group, Reason, Services, Trial } from '../group.ts';
import { ALL, eventually, invokeInWaves, mostly } from '../waves.ts';

/** A span of a line `{"traces":[[…]]}`. */
interface Span {
  readonly name: string;
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_id: string;
  readonly meta: Readonly<Record<string, string>>;
}

const hex = (id: bigint): string => id.toString(16).padStart(16, '0');
const callerOf = (n: number) => ({
  trace: 0x5bef_0000_0000_0000n + BigInt(n),
  parent: 0x7000_0000_0000n + BigInt(n),
});

/** Spans and log lines of each invocation have the trace of its event. */
async function proveTraces(running: FunctionProcess, services: Services): Promise<void> {
  await running.ready();
  await invokeInWaves(running, services, ({ n }) => ({
    headers: {
      'x-datadog-trace-id': String(callerOf(n).trace),
      'x-datadog-parent-id': String(callerOf(n).parent),
      'x-datadog-sampling-priority': '1',
    },
  }));
  await eventually(() =>
    assert.deepEqual(mostly(ALL.flatMap(({ n, requestId }) => problemsOf(running, n, requestId))), []),
  );
  const known = new Set(ALL.map(({ n }) => hex(callerOf(n).trace)));
  const strangers = spansOf(running).filter(({ trace_id }) => !known.has(trace_id));
  assert.deepEqual(mostly(strangers.map(({ name, meta }) => `${name} ${meta['http.url']}`)), []);
}

function problemsOf(running: FunctionProcess, n: number, requestId: string): string[] {
  const { trace, parent } = callerOf(n);
  const spans = spansOf(running);
  const handlers = spans.filter(
    ({ name, meta }) => name === 'aws.lambda' && meta['request_id'] === requestId,
  );
  const [handler] = handlers;
  if (handler === undefined || handlers.length > 1) return [`${handlers.length} spans of the handler`];
  if (handler.trace_id !== hex(trace)) return ['The span of the handler is in another trace.'];
  if (handler.parent_id !== hex(parent)) return ['The parent of the span is not the caller’s.'];
  const calls = ['hold', 'free'].flatMap((kind) => {
    const found = spans.filter(({ meta }) => meta['http.url']?.includes(`/${kind}/${requestId}/`));
    const right = found.filter(
      (call) => call.trace_id === handler.trace_id && call.parent_id === handler.span_id,
    );
    return found.length === 1 && right.length === 1
      ? []
      : [`${found.length} spans of /${kind}, ${right.length} right`];
  });
  const lines = running.lines.filter((line) => line.includes(`line of ${requestId}`));
  const marked = lines.filter(
    (line) => line.includes(`dd.trace_id=${trace} `) || line.includes(`dd.trace_id=${hex(trace)} `),
  );
  return lines.length === 1 && marked.length === 1 ? calls : [...calls, `the line is ${lines[0]}`];
}

let read: { readonly of: FunctionProcess; readonly length: number; readonly spans: Span[] } | undefined;

function spansOf(running: FunctionProcess): Span[] {
  const { length } = running.stdout;
  if (read?.of === running && read.length === length) return read.spans;
  const spans = running.log.flatMap(({ traces, message }) => {
    if (Array.isArray(traces)) return (traces as Span[][]).flat();
    if (typeof message !== 'string' || !message.startsWith('{"traces"')) return [];
    return (JSON.parse(message) as { traces: Span[][] }).traces.flat();
  });
  read = { of: running, length, spans };
  return spans;
}

const base = {
  packages: ['datadog-lambda-js', 'dd-trace'],
  shown:
    'one span for each invocation, under its caller’s; a child for each request; the trace’s id in the log line',
  handlers: {},
  beside: true,
  prove: proveTraces,
} satisfies Partial<Trial>;

/** Invocations that begin on a thread in the same turn of the event loop. */
const ONE_LISTENER: Reason = {
  layout: SHARED.name,
  why: 'only with one invocation per thread. `datadog-lambda-js` has one `TraceListener` for each handler, and keeps the invocation in its fields: `this.context = context` (`dist/trace/listener.js`). Invocations that begin on a thread at the same moment get the span, the parent and the log fields of the last one. Set `threads` to the concurrency.',
};

/** A thread gets a copy of the variables that the preload has changed on the main thread. */
const PRELOADED_TWICE: Reason = {
  why: '`init.js` redirects the handler by `process.env["DD_LAMBDA_HANDLER"] = process.env["_HANDLER"]` (`dist/init.js`), which runs again in each thread, where `_HANDLER` is already Datadog’s own handler. Set the handler and `DD_LAMBDA_HANDLER` instead, as above.',
};

const settings = {
  DD_API_KEY: 'key',
  DD_FLUSH_TO_LOG: 'true',
  DD_TRACE_ENABLED: 'true',
  DD_LOGS_INJECTION: 'true',
  DD_TRACE_128_BIT_TRACEID_GENERATION_ENABLED: 'false',
};
const REDIRECTION = 'node_modules/datadog-lambda-js/dist/handler.handler';

export const datadog: Group = {
  name: 'datadog',
  title: 'Datadog',
  trials: [
    {
      ...base,
      name: 'handler redirection, CommonJS',
      set: `the handler \`${REDIRECTION}\`; \`DD_LAMBDA_HANDLER\` names yours`,
      handlers: { CommonJS: REDIRECTION },
      env: () => ({ ...settings, DD_LAMBDA_HANDLER: 'traced.handler' }),
      reasons: [{ ...ONE_LISTENER, contender: 'theirs', isRace: true }, ONE_LISTENER],
    },
    {
      ...base,
      name: 'handler redirection, ES module',
      set: `the handler \`${REDIRECTION}\`; \`DD_LAMBDA_HANDLER\` names yours`,
      handlers: { 'ES module': REDIRECTION },
      env: () => ({ ...settings, DD_LAMBDA_HANDLER: 'traced-esm.handler' }),
      reasons: [{ ...ONE_LISTENER, contender: 'theirs', isRace: true }, ONE_LISTENER],
    },
    {
      ...base,
      name: 'preloaded redirection, `--require datadog-lambda-js/dist/init.js`',
      handlers: { CommonJS: 'traced.handler' },
      reasons: [PRELOADED_TWICE],
      env: () => ({ ...settings, NODE_OPTIONS: '--require datadog-lambda-js/dist/init.js' }),
    },
    {
      ...base,
      name: 'preloaded redirection with a concurrency of 1',
      handlers: { CommonJS: 'traced.handler' },
      layouts: [SINGLE],
      env: () => ({ ...settings, NODE_OPTIONS: '--require datadog-lambda-js/dist/init.js' }),
    },
  ],
};
