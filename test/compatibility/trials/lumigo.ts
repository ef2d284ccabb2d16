import assert from 'node:assert/strict';
import type { FunctionProcess } from '../function-process.ts';
import { SHARED } from '../group.ts';
import type { Group, Services, Trial } from '../group.ts';
import { ALL, eventually, invokeInWaves, mostly } from '../waves.ts';
import type { Invocation } from '../waves.ts';

interface Span {
  readonly id: string;
  readonly type: string;
  readonly parentId?: string;
  readonly transactionId: string;
  readonly ended?: number;
  readonly info: { readonly httpInfo?: { readonly request?: { readonly uri?: string } } };
}

/** Each invocation has a span in its trace, and so has its request of `node:http`. */
async function proveSpans(running: FunctionProcess, services: Services): Promise<void> {
  await running.ready();
  await invokeInWaves(running, services, () => ({}));
  await eventually(() => {
    const spans = spansOf(services);
    assert.deepEqual(mostly(ALL.flatMap((each) => problemsOf(each, spans))), []);
  });
}

function problemsOf({ requestId, root }: Invocation, spans: readonly Span[]): string[] {
  const transaction = root.split('-')[2];
  const functions = spans.filter(({ id, type }) => id === requestId && type === 'function');
  const [own] = functions;
  if (own === undefined || functions.length > 1) return [`${functions.length} spans of the handler`];
  if (own.transactionId !== transaction) return ['The span of the handler is in another trace.'];
  const calls = spans.filter(({ info }) => info.httpInfo?.request?.uri?.includes(`/hold/${requestId}/`));
  const right = calls.filter(
    ({ parentId, transactionId }) => parentId === requestId && transactionId === transaction,
  );
  return calls.length === 1 && right.length === 1
    ? []
    : [`${calls.length} spans of /hold, ${right.length} right`];
}

function spansOf({ collector }: Services): Span[] {
  return collector.to(/\/api\/spans$/).flatMap(({ body }) => JSON.parse(body.toString()) as Span[]);
}

const base = {
  shown: 'a span for each invocation and for its request of `node:http`, in its trace',
  beside: true,
  // The tracer sends to port 443 of a host, through a proxy where one is set, and does not trace requests to 127.0.0.1.
  env: ({ collector, upstream }) => ({
    TOKEN: 't_0123456789abcdef',
    HTTPS_PROXY: collector.url,
    UPSTREAM: upstream.url.replace('127.0.0.1', 'localhost'),
    LUMIGO_CONNECTION_TIMEOUT: '10000',
    LUMIGO_REQUEST_TIMEOUT_MS: '10000',
    LUMIGO_TRACER_TIMEOUT: '10000',
  }),
  prove: proveSpans,
} satisfies Partial<Trial>;

export const lumigo: Group = {
  name: 'lumigo',
  title: 'Lumigo',
  trials: [
    {
      ...base,
      name: '`trace()` around the handler',
      packages: ['@lumigo/tracer'],
      handlers: { CommonJS: 'index.handler', 'ES module': 'esm.handler' },
      reasons: [
        {
          contender: 'ours',
          layout: SHARED.name,
          why: 'only with one invocation per thread. The tracer keeps the current invocation and its spans in variables of the module: `Object.assign(handlerInputs, { event: event, context: context })`, and the first invocation that ends removes the spans of all: `SpansContainer.clearSpans()` in `clearGlobals()` (`dist/globals.js`). Set `threads` to the concurrency.',
        },
        {
          contender: 'theirs',
          why: 'the tracer’s handler has three parameters: `return function (event, context, callback) { return __awaiter(…) }` (`dist/tracer/tracer.js`). AWS’s client refuses such handlers: `(metadata?.argsNum ?? 0) >= 3` (`index.mjs`). This runtime accepts them if they return a promise.',
        },
      ],
    },
    {
      ...base,
      name: 'automatic, by Lumigo’s layer',
      packages: ['lumigo-auto-instrument'],
      handlers: { CommonJS: 'lumigo-auto-instrument.handler' },
      untried:
        'the handler to which the layer redirects is only in the layer, not in the package. That handler calls `trace()` as above.',
    },
  ],
};
