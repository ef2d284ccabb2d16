import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import type { FunctionProcess } from '../function-process.ts';
import { LAYOUTS, SINGLE } from '../group.ts';
import type { Group, Services, Trial } from '../group.ts';
import { ALL, eventually, invokeInWaves, mostly } from '../waves.ts';

/** Intrinsic, custom and agent's attributes. */
type SpanEvent = readonly [
  { readonly traceId?: string; readonly guid?: string; readonly parentId?: string },
  Readonly<Record<string, unknown>>,
  Readonly<Record<string, unknown>>,
];

/** The spans of the lines `[1,"NR_LAMBDA_MONITORING","<gzip, base64>"]`. */
function spansOf(running: FunctionProcess): SpanEvent[] {
  return running.lines
    .filter((line) => line.includes('NR_LAMBDA_MONITORING'))
    .flatMap((line) => {
      const [, , payload] = JSON.parse(line.slice(line.indexOf('['))) as [number, string, string];
      const { data } = JSON.parse(gunzipSync(Buffer.from(payload, 'base64')).toString()) as {
        data: { span_event_data?: readonly [unknown, unknown, readonly SpanEvent[]] };
      };
      return data.span_event_data?.[2] ?? [];
    });
}

async function proveSpans(running: FunctionProcess, services: Services): Promise<void> {
  await running.ready();
  await invokeInWaves(running, services, () => ({}));
  await eventually(() => assert.deepEqual(mostly(problemsOf(running)), []), 5_000);
}

function problemsOf(running: FunctionProcess): string[] {
  const spans = spansOf(running);
  return ALL.flatMap(({ requestId }) => {
    const handlers = spans.filter(([, , attributes]) => attributes['aws.requestId'] === requestId);
    const [handler] = handlers;
    if (handler === undefined || handlers.length > 1) return [`${handlers.length} spans of the handler`];
    return ['hold', 'free'].flatMap((kind) => {
      const calls = spans.filter((span) => JSON.stringify(span).includes(`/${kind}/${requestId}/`));
      const right = calls.filter(([{ traceId }]) => traceId === handler[0].traceId);
      return calls.length === 1 && right.length === 1
        ? []
        : [`${calls.length} spans of /${kind}, ${right.length} right`];
    });
  });
}

const base = {
  packages: ['newrelic'],
  shown:
    'a span for each invocation and for each of its requests, in one trace, in the line that New Relic’s extension or its function reads',
  handlers: { CommonJS: 'index.handler', 'ES module': 'esm.handler' },
  beside: true,
  prove: proveSpans,
} satisfies Partial<Trial>;

const settings = {
  NEW_RELIC_LICENSE_KEY: 'key',
  NEW_RELIC_ACCOUNT_ID: '1',
  NEW_RELIC_TRUSTED_ACCOUNT_KEY: '1',
  NEW_RELIC_NO_CONFIG_FILE: 'true',
  NEW_RELIC_DISTRIBUTED_TRACING_ENABLED: 'true',
  // All transactions are sampled, instead of ten a minute.
  NEW_RELIC_DISTRIBUTED_TRACING_SAMPLER_ROOT: 'always_on',
};

export const newrelic: Group = {
  name: 'newrelic',
  title: 'New Relic',
  trials: [
    {
      ...base,
      name: '`setLambdaHandler()`',
      set: '`NEW_RELIC_WORKER_THREADS_ENABLED=true`',
      layouts: LAYOUTS,
      reasons: [
        {
          contender: 'theirs',
          why: 'the agent writes with `fs.writeSync(process.stdout.fd, …)` (`lib/collector/serverless.js`). The `process.stdout` of a worker thread has no `fd` in Node.js; this runtime’s threads have one.',
        },
      ],
      env: () => ({ ...settings, NEW_RELIC_WORKER_THREADS_ENABLED: 'true' }),
    },
    {
      ...base,
      name: '`setLambdaHandler()` with a concurrency of 1',
      layouts: [SINGLE],
      env: () => settings,
    },
  ],
};
