import assert from 'node:assert/strict';
import type { FunctionProcess } from '../function-process.ts';
import { SHARED } from '../group.ts';
import type { Group, Services, Trial } from '../group.ts';
import { ALL, eventually, invokeInWaves, mostly } from '../waves.ts';
import type { Invocation } from '../waves.ts';

/** What an agent has exported of an invocation and its request of `node:http`. */
interface Exported {
  /** Of spans of the handler that have the request id. */
  readonly handlers: readonly { readonly trace: unknown }[];
  /** Of spans of the request. */
  readonly calls: readonly { readonly trace: unknown }[];
}

/** Each invocation has one span, and its request has one in the same trace. */
function proveSpans(exportedOf: (services: Services) => (each: Invocation) => Exported) {
  return async (running: FunctionProcess, services: Services): Promise<void> => {
    await running.ready();
    await invokeInWaves(running, services, () => ({}));
    await eventually(() => {
      const problems = ALL.flatMap((each) => problemsOf(exportedOf(services)(each)));
      assert.deepEqual(mostly(problems), []);
    });
  };
}

function problemsOf({ handlers, calls }: Exported): string[] {
  const [handler] = handlers;
  if (handler === undefined || handlers.length > 1) return [`${handlers.length} spans of the handler`];
  const right = calls.filter(({ trace }) => trace === handler.trace);
  return calls.length === 1 && right.length === 1
    ? []
    : [`${calls.length} spans of /hold, ${right.length} right`];
}

const holdOf = ({ requestId }: Invocation): string => `/hold/${requestId}/`;

interface ElasticLine {
  readonly transaction?: { readonly id: string; readonly faas?: { readonly execution?: string } };
  readonly span?: { readonly transaction_id: string; readonly context?: unknown };
}

/** Lines of JSON, each an object with one key. */
function elasticExports({ collector }: Services): (each: Invocation) => Exported {
  const lines = collector
    .to(/\/intake\/v2\/events/)
    .flatMap(({ body }) => body.toString().trim().split('\n'))
    .map((line) => JSON.parse(line) as ElasticLine);
  return (each) => ({
    handlers: lines.flatMap(({ transaction }) =>
      transaction?.faas?.execution === each.requestId ? [{ trace: transaction.id }] : [],
    ),
    calls: lines.flatMap(({ span }) =>
      span !== undefined && JSON.stringify(span).includes(holdOf(each))
        ? [{ trace: span.transaction_id }]
        : [],
    ),
  });
}

const elastic = {
  packages: ['elastic-apm-node'],
  shown: 'a transaction for each invocation, with a span for its request of `node:http`',
  env: ({ collector }) => ({
    ELASTIC_APM_SERVER_URL: collector.url,
    ELASTIC_APM_CENTRAL_CONFIG: 'false',
    ELASTIC_APM_CLOUD_PROVIDER: 'none',
    ELASTIC_APM_METRICS_INTERVAL: '0s',
    ELASTIC_APM_API_REQUEST_TIME: '500ms',
  }),
  prove: proveSpans(elasticExports),
} satisfies Partial<Trial>;

interface EpsagonEvent {
  readonly id: string;
  readonly origin: string;
}

/** Each request is a trace. */
function epsagonExports({ collector }: Services): (each: Invocation) => Exported {
  const events = collector.to(/^\/epsagon/).flatMap(({ body }, trace) =>
    (JSON.parse(body.toString()) as { events: readonly EpsagonEvent[] }).events.map((event) => ({
      event,
      trace,
    })),
  );
  return (each) => ({
    handlers: events.filter(({ event: { id, origin } }) => origin === 'runner' && id === each.requestId),
    calls: events.filter(
      ({ event }) => event.origin === 'http' && JSON.stringify(event).includes(holdOf(each)),
    ),
  });
}

interface ThundraData {
  readonly type: string;
  readonly transactionId?: string;
  readonly tags?: Readonly<Record<string, unknown>>;
}

/** A report is a list, of which a composite has a list of its own. */
function thundraExports({ collector }: Services): (each: Invocation) => Exported {
  const all = collector
    .to(/\/monitoring-data$/)
    .flatMap(({ body }) => JSON.parse(body.toString()) as unknown[])
    .flatMap(thundraData);
  return (each) => ({
    handlers: all.flatMap(({ type, tags, transactionId }) =>
      type === 'Invocation' && tags?.['aws.lambda.invocation.request_id'] === each.requestId
        ? [{ trace: transactionId }]
        : [],
    ),
    calls: all.flatMap((data) =>
      data.type === 'Span' && JSON.stringify(data).includes(holdOf(each))
        ? [{ trace: data.transactionId }]
        : [],
    ),
  });
}

function thundraData(value: unknown): ThundraData[] {
  if (Array.isArray(value)) return value.flatMap(thundraData);
  if (typeof value !== 'object' || value === null) return [];
  const { type, data, allMonitoringDatas } = value as Record<string, unknown>;
  return type === 'Span' || type === 'Invocation'
    ? [{ ...(value as ThundraData), ...(data as ThundraData | undefined) }]
    : [...thundraData(data), ...thundraData(allMonitoringDatas)];
}

const THUNDRA = 'node_modules/@thundra/core/dist/handler.wrapper';

export const agents: Group = {
  name: 'agents',
  title: 'Elastic APM, Epsagon, Thundra',
  trials: [
    {
      ...elastic,
      name: 'Elastic APM, automatic',
      set: '`NODE_OPTIONS="--require elastic-apm-node/start.js"`',
      handlers: { CommonJS: 'traced.handler' },
      env: (services) => ({ ...elastic.env(services), NODE_OPTIONS: '--require elastic-apm-node/start.js' }),
      reasons: [
        {
          why: 'the preload starts the agent on the main thread only: `if (isMainThread) { apm.start(); }` (`start.js`).',
        },
      ],
    },
    {
      ...elastic,
      name: 'Elastic APM, `apm.lambda()`',
      handlers: { CommonJS: 'elastic.handler' },
      reasons: [
        {
          why: 'the transaction of an asynchronous handler never ends: the wrapper returns the handler’s promise, `if (retval instanceof Promise) { return retval; }`, and ends the transaction only when the callback or `context.succeed()` is called (`lib/lambda.js`).',
        },
      ],
    },
    {
      name: 'Epsagon, `lambdaWrapper()`',
      packages: ['epsagon'],
      shown: 'a span for each invocation and for its request of `node:http`, in one trace',
      handlers: { CommonJS: 'epsagon-wrapped.handler' },
      env: ({ collector }) => ({
        EPSAGON_COLLECTOR_URL: `${collector.url}/epsagon`,
        EPSAGON_SSL: 'FALSE',
        EPSAGON_SEND_TIMEOUT_SEC: '10',
      }),
      prove: proveSpans(epsagonExports),
      reasons: [
        {
          layout: SHARED.name,
          why: 'only with one invocation per thread. A thread has one list of events, and each invocation empties it when it begins: `t.trace.clearEventList()` in `restart` (`dist/bundle.js`). Set `threads` to the concurrency.',
        },
      ],
    },
    {
      name: 'Thundra, handler redirection',
      packages: ['@thundra/core'],
      set: `the handler \`${THUNDRA}\`; \`THUNDRA_AGENT_LAMBDA_HANDLER\` names yours`,
      shown: 'the same',
      handlers: { CommonJS: THUNDRA },
      env: ({ collector }) => ({
        THUNDRA_APIKEY: 'key',
        THUNDRA_AGENT_LAMBDA_HANDLER: 'traced.handler',
        THUNDRA_AGENT_REPORT_REST_BASEURL: `${collector.url}/v1`,
      }),
      prove: proveSpans(thundraExports),
      reasons: [
        {
          layout: SHARED.name,
          why: 'only with one invocation per thread. The tags have the request id of the invocation that began last: `static setContext(e){Go.context=e}` (`dist/thundra.js`). Set `threads` to the concurrency.',
        },
      ],
    },
  ],
};
