import assert from 'node:assert/strict';
import type { FunctionProcess } from '../function-process.ts';
import { SHARED } from '../group.ts';
import type { Group, Services, Trial } from '../group.ts';
import { ALL, eventually, invocationOf, invokeInWaves, mostly, COUNT } from '../waves.ts';

/** An item of an envelope. */
interface Item {
  readonly type: string;
  readonly event: {
    readonly message?: string;
    readonly tags?: Readonly<Record<string, string>>;
    readonly exception?: { readonly values: readonly { readonly value: string }[] };
    readonly contexts?: {
      readonly 'aws.lambda'?: { readonly aws_request_id?: string };
      readonly trace?: { readonly data?: Readonly<Record<string, unknown>> };
    };
    readonly spans?: readonly { readonly data?: Readonly<Record<string, unknown>> }[];
  };
}

/** An envelope is lines of JSON: its header, and for each item a header and a payload. */
function itemsOf({ collector }: Services): Item[] {
  return collector.to(/\/envelope\//).flatMap(({ body }) => {
    const lines = body
      .toString()
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => JSON.parse(line) as object);
    return lines.flatMap((header, index) =>
      index % 2 === 0 && 'type' in header
        ? [{ type: String(header.type), event: lines[index + 1] as Item['event'] }]
        : [],
    );
  });
}

/** Events have the tag and the request id of their invocation, and a thrown error is reported. */
async function proveEvents(running: FunctionProcess, services: Services): Promise<void> {
  await running.ready();
  await invokeInWaves(
    running,
    services,
    () => ({}),
    (wave) =>
      // wrapHandler() flushes before it returns.
      assert.deepEqual(
        mostly(
          messageProblems(
            itemsOf(services),
            wave.map(({ requestId }) => requestId),
          ),
        ),
        [],
      ),
  );
  assert.deepEqual(
    mostly(
      messageProblems(
        itemsOf(services),
        ALL.map(({ requestId }) => requestId),
      ),
    ),
    [],
  );
  services.upstream.expectWave(1);
  const { requestId } = invocationOf(COUNT);
  const failed = await running.invoke({ fail: true }, { requestId });
  assert.equal(failed.status, 'error');
  const thrown = () =>
    itemsOf(services).filter(({ event }) => event.exception?.values[0]?.value === `failure of ${requestId}`);
  await eventually(() => assert.equal(thrown().length, 1));
  assert.equal(thrown()[0]?.event.contexts?.['aws.lambda']?.aws_request_id, requestId);
}

function messageProblems(items: readonly Item[], requestIds: readonly string[]): string[] {
  const byMessage = Map.groupBy(items, ({ event }) => event.message);
  return requestIds.flatMap((requestId) => {
    const found = byMessage.get(`message of ${requestId}`) ?? [];
    const [first] = found;
    if (first === undefined || found.length > 1) return [`${found.length} events`];
    const { tags, contexts } = first.event;
    const right = tags?.['request'] === requestId && contexts?.['aws.lambda']?.aws_request_id === requestId;
    return right
      ? []
      : [`${requestId} has ${tags?.['request']}, ${contexts?.['aws.lambda']?.aws_request_id}`];
  });
}

/** The same, and one transaction for each invocation, whose spans are those of its requests. */
async function proveTransactions(running: FunctionProcess, services: Services): Promise<void> {
  await proveEvents(running, services);
  const transactions = (): Item[] => itemsOf(services).filter(({ type }) => type === 'transaction');
  await eventually(() => assert.equal(transactions().length, COUNT + 1));
  const problems = transactions().flatMap(({ event }) => {
    const text = JSON.stringify(event);
    const requestId = event.contexts?.['aws.lambda']?.aws_request_id ?? event.tags?.['request'];
    const own = ['hold', 'free'].filter((kind) => text.includes(`/${kind}/${requestId}/`));
    const urls = (event.spans ?? []).map(({ data }) => String(data?.['url'] ?? data?.['http.url'] ?? ''));
    const others = urls.filter((url) => url !== '' && !url.includes(`/${requestId}/`));
    return own.length === 2 && others.length === 0 ? [] : [`${requestId}: ${urls.join(' ')}`];
  });
  assert.deepEqual(mostly(problems), []);
}

const base = {
  packages: ['@sentry/aws-serverless'],
  beside: true,
  prove: proveEvents,
} satisfies Partial<Trial>;

const PRELOAD = '@sentry/aws-serverless/awslambda-auto';
const dsn = ({ collector }: Services): string => `http://key@127.0.0.1:${collector.port}/1`;

export const sentry: Group = {
  name: 'sentry',
  title: 'Sentry',
  trials: [
    {
      ...base,
      name: '`wrapHandler()`',
      set: 'tags and user data on `Sentry.getCurrentScope()`',
      shown:
        'each message has the tags and the request id of its invocation and is sent before the answer; thrown errors are reported',
      handlers: { CommonJS: 'wrapped.handler', 'ES module': 'wrapped-esm.handler' },
      env: (services) => ({ SENTRY_DSN: dsn(services) }),
    },
    {
      ...base,
      name: '`wrapHandler()`, tags by `Sentry.setTag()`',
      shown: 'the same with tags of `Sentry.setTag()`',
      handlers: { CommonJS: 'wrapped.handler' },
      env: (services) => ({ SENTRY_DSN: dsn(services), TAGS: 'setTag' }),
      reasons: [
        {
          layout: SHARED.name,
          why: 'only with one invocation per thread. `wrapHandler()` isolates only the current scope: `return node.withScope(async () => …)` (`build/npm/cjs/sdk.js`). `Sentry.setTag()`, `setUser()` and `setContext()` write into the isolation scope, which all invocations of a thread share. Call them on `Sentry.getCurrentScope()`, or run the handler’s code in `Sentry.withIsolationScope()`.',
        },
      ],
    },
    {
      ...base,
      name: 'automatic',
      set: `\`NODE_OPTIONS="--import ${PRELOAD}"\``,
      shown: 'the same, and one transaction for each invocation with the spans of its requests',
      handlers: { CommonJS: 'automatic.handler', 'ES module': 'automatic-esm.handler' },
      env: (services) => ({
        SENTRY_DSN: dsn(services),
        SENTRY_TRACES_SAMPLE_RATE: '1.0',
        NODE_OPTIONS: `--import ${PRELOAD}`,
      }),
      prove: proveTransactions,
    },
  ],
};
