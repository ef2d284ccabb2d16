import assert from 'node:assert/strict';
import type { FunctionProcess } from '../function-process.ts';
import type { Group, Reason, Services, Trial } from '../group.ts';
import { otlpSpans } from '../otlp-spans.ts';
import type { Span } from '../otlp-spans.ts';
import { ALL, eventually, invokeInWaves, mostly } from '../waves.ts';
import type { Invocation } from '../waves.ts';

const AUTO = '@opentelemetry/auto-instrumentations-node';
const ADOT = '@aws/aws-distro-opentelemetry-node-autoinstrumentation';
/** The value of `NODE_OPTIONS`. */
export const PRELOAD = `--require ${AUTO}/register`;
const ESM_HOOK = '--experimental-loader=@opentelemetry/instrumentation/hook.mjs';

export const exporting = ({ collector }: Services): Record<string, string> => ({
  OTEL_SERVICE_NAME: 'compatibility',
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  OTEL_METRICS_EXPORTER: 'none',
  OTEL_LOGS_EXPORTER: 'none',
  OTEL_BSP_SCHEDULE_DELAY: '500',
  // The detectors of clouds wait for servers that only exist there.
  OTEL_NODE_RESOURCE_DETECTORS: 'env,os,process',
});

const spansOf = ({ collector }: Services): Span[] => otlpSpans(collector.to(/\/v1\/traces$/));

const eventOf = ({ traceId, parent }: Invocation) => ({
  headers: { traceparent: `00-${traceId}-${parent}-01` },
});

/** The spans of each invocation: the handler's, whose parent is the caller's span, and one for each request that it makes. */
async function proveSpans(running: FunctionProcess, services: Services): Promise<void> {
  await running.ready();
  const results = await invokeInWaves<{ requestId: string }>(running, services, eventOf);
  assert.deepEqual(
    results.map(({ requestId }) => requestId),
    ALL.map(({ requestId }) => requestId),
  );
  await eventually(() => assert.deepEqual(mostly(allProblems(services)), []));
  assert.deepEqual(strangers(spansOf(services)), {});
}

function allProblems(services: Services): string[] {
  const spans = spansOf(services);
  return ALL.flatMap((each) => problemsOf(each, spans));
}

function problemsOf({ requestId, traceId, parent }: Invocation, spans: readonly Span[]): string[] {
  const handlers = spans.filter(
    // The second name is that of older versions.
    ({ attributes }) =>
      attributes['faas.invocation_id'] === requestId || attributes['faas.execution'] === requestId,
  );
  const [handler] = handlers;
  if (handler === undefined || handlers.length > 1) return [`${handlers.length} spans of the handler`];
  if (handler.traceId !== traceId) return ['The span of the handler is in another trace.'];
  if (handler.parentSpanId !== parent) return ['The parent of the span is not the caller’s.'];
  return ['hold', 'free'].flatMap((kind) => {
    const calls = spans.filter(({ attributes }) =>
      JSON.stringify(attributes).includes(`/${kind}/${requestId}/`),
    );
    const right = calls.filter((call) => call.traceId === traceId && call.parentSpanId === handler.spanId);
    return calls.length === 1 && right.length === 1
      ? []
      : [
          `${calls.length} spans of the request to /${kind}, ${right.length} of them children of the handler’s span`,
        ];
  });
}

/** One span for each request, in traces of their own. */
async function proveRequestSpans(running: FunctionProcess, services: Services): Promise<void> {
  await running.ready();
  await invokeInWaves(running, services, eventOf);
  await eventually(() => {
    const urls = spansOf(services).map(({ attributes }) => String(attributes['url.full']));
    const problems = ALL.flatMap(({ requestId }) =>
      ['hold', 'free'].flatMap((kind) => {
        const { length } = urls.filter((url) => url.includes(`/${kind}/${requestId}/`));
        return length === 1 ? [] : [`${length} spans of the request to /${kind}`];
      }),
    );
    assert.deepEqual(mostly(problems), []);
  });
}

/** The number of spans outside of the traces of invocations, by name. */
function strangers(spans: readonly Span[]): Record<string, number> {
  const known = new Set(ALL.map(({ traceId }) => traceId));
  const counts: Record<string, number> = {};
  for (const { scope, name, traceId } of spans)
    if (!known.has(traceId)) counts[`${scope} ${name}`] = (counts[`${scope} ${name}`] ?? 0) + 1;
  return counts;
}

const base = {
  packages: [AUTO, '@opentelemetry/instrumentation-aws-lambda'],
  shown:
    'one span for each invocation, with the caller’s span as its parent, and a child for each request of `node:http` and `fetch`',
  beside: true,
  prove: proveSpans,
} satisfies Partial<Trial>;

/** AWS's client imports a CommonJS handler; `auto-instrumentations-node` hooks `require()` alone unless it is told more. */
const IMPORTED = {
  contender: 'theirs',
  why: 'AWS’s client loads the handler with `await import(path)` (`dynamic-imports.js`), which does not call hooks of `require()`, so the handler has no span. This runtime takes a CommonJS handler from `require()`.',
} satisfies Reason;

const PATCHED_TWICE = {
  contender: 'theirs',
  why: 'each request of `node:http` has two spans, since AWS’s client also loads `node:http` with `require()`: the instrumentation then patches the module twice, once for each kind of loading. This runtime’s threads do not load it.',
} satisfies Reason;

export const opentelemetry: Group = {
  name: 'opentelemetry',
  title: 'OpenTelemetry',
  trials: [
    {
      ...base,
      name: 'auto-instrumentations-node by `--require`',
      set: `\`NODE_OPTIONS="--require ${AUTO}/register"\``,
      handlers: { CommonJS: 'traced.handler' },
      reasons: [IMPORTED],
      env: (services) => ({ ...exporting(services), NODE_OPTIONS: PRELOAD }),
    },
    {
      ...base,
      name: 'auto-instrumentations-node by `--import`',
      set: `\`NODE_OPTIONS="--import ${AUTO}/register"\``,
      handlers: { CommonJS: 'traced.handler' },
      reasons: [IMPORTED],
      env: (services) => ({ ...exporting(services), NODE_OPTIONS: `--import ${AUTO}/register` }),
    },
    {
      ...base,
      name: 'auto-instrumentations-node by `--import`, with the hook for ES modules',
      set: `\`NODE_OPTIONS="${ESM_HOOK} --import ${AUTO}/register"\``,
      handlers: { 'ES module': 'traced-esm.handler' },
      reasons: [PATCHED_TWICE],
      env: (services) => ({
        ...exporting(services),
        NODE_OPTIONS: `${ESM_HOOK} --import ${AUTO}/register`,
      }),
    },
    {
      ...base,
      name: 'auto-instrumentations-node by `--import`, without the hook for ES modules',
      shown:
        'a span for each request of `node:http` and `fetch`; without the hook there is none for the handler',
      handlers: { 'ES module': 'traced-esm.handler' },
      reasons: [
        {
          contender: 'ours',
          why: '`import` of `node:http` does not call hooks of `require()`, so its requests have no spans; those of `fetch` do. With AWS’s client they have spans only because the client itself loads `node:http` with `require()`; with the hook, each request then has two spans. With this runtime, set the hook.',
        },
      ],
      env: (services) => ({ ...exporting(services), NODE_OPTIONS: `--import ${AUTO}/register` }),
      prove: proveRequestSpans,
    },
    {
      ...base,
      name: 'as a layer, by a wrapper script',
      packages: [
        '@opentelemetry/instrumentation-aws-lambda',
        '@opentelemetry/instrumentation-http',
        '@opentelemetry/instrumentation-undici',
      ],
      set: '`AWS_LAMBDA_EXEC_WRAPPER` or [`LMR_NEXT_WRAPPER`](deploying.md#wrappers-of-other-layers)',
      shown: 'the same spans, exported at the end of each invocation',
      handlers: { CommonJS: 'traced.handler', 'ES module': 'traced-esm.handler' },
      wrapper: 'otel-handler',
      env: (services) => ({ ...exporting(services), OTEL_BSP_SCHEDULE_DELAY: '3600000' }),
      reasons: [{ ...IMPORTED, format: 'CommonJS' }],
    },
    {
      ...base,
      name: 'AWS Distro for OpenTelemetry by `--require`',
      packages: [ADOT],
      set: `\`NODE_OPTIONS="--require ${ADOT}/register"\``,
      handlers: { CommonJS: 'traced.handler' },
      env: (services) => ({
        ...exporting(services),
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${services.collector.url}/v1/traces`,
        OTEL_AWS_APPLICATION_SIGNALS_ENABLED: 'false',
        NODE_OPTIONS: `--require ${ADOT}/register`,
      }),
      reasons: [IMPORTED],
    },
    {
      ...base,
      name: 'auto-instrumentations-node without `AWS_EXECUTION_ENV`',
      shown: 'the same with the wrapper of three parameters, which the instrumentation uses there',
      handlers: { CommonJS: 'traced.handler' },
      reasons: [IMPORTED],
      beside: false,
      env: (services) => ({
        ...exporting(services),
        AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs22.x',
        NODE_OPTIONS: PRELOAD,
      }),
    },
  ],
};
