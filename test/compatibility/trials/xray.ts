import assert from 'node:assert/strict';
import type { FunctionProcess } from '../function-process.ts';
import { SHARED, UNSHARED } from '../group.ts';
import type { Group, Reason, Services, Trial } from '../group.ts';
import { ALL, eventually, invokeInWaves, mostly } from '../waves.ts';
import type { Invocation } from '../waves.ts';

/** A segment or a subsegment, which is sent on its own or inside of its parent. */
interface Segment {
  readonly id: string;
  readonly name: string;
  readonly trace_id?: string;
  readonly parent_id?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly http?: { readonly request?: { readonly url?: string } };
  readonly subsegments?: readonly Segment[];
}

/** The subsegments of each invocation and of its request are sent under its trace, which the request has in its header. */
async function proveSubsegments(running: FunctionProcess, services: Services): Promise<void> {
  await running.ready();
  await invokeInWaves(running, services, () => ({}));
  await eventually(() => {
    const segments = segmentsOf(services);
    assert.deepEqual(mostly(ALL.flatMap((each) => problemsOf(each, segments, services))), []);
  });
}

function problemsOf(
  { requestId, root, parent }: Invocation,
  segments: readonly Segment[],
  { upstream }: Services,
): string[] {
  const works = segments.filter(({ annotations }) => annotations?.['requestId'] === requestId);
  const [work] = works;
  if (work === undefined || works.length > 1) return [`${works.length} subsegments`];
  if (work.trace_id !== root) return [`The subsegment of ${root} is in the trace ${work.trace_id}.`];
  const above = segments.find(({ id, trace_id }) => id === work.parent_id && trace_id === root);
  const caller = above === undefined ? work.parent_id : above.parent_id;
  if (caller !== parent) return [`The parent of the subsegment is ${caller}, not ${parent}.`];
  const calls = segments.filter(({ http }) => http?.request?.url?.includes(`/hold/${requestId}/`));
  const [call] = calls;
  if (call === undefined || calls.length > 1) return [`${calls.length} subsegments of the request`];
  if (call.trace_id !== root || call.parent_id !== work.id) return ['The request is in another subsegment.'];
  const received = upstream.calls.find((each) => each.requestId === requestId);
  const header = received?.headers['x-amzn-trace-id'];
  const expected = `Root=${root};Parent=${call.id};Sampled=1`;
  return header === expected ? [] : [`The header of the request is ${header}, not ${expected}.`];
}

/** What the daemon has received: a line with a header and a line with a segment in each datagram. */
function segmentsOf({ collector }: Services): Segment[] {
  return collector.datagrams.flatMap((text) =>
    withSubsegments(JSON.parse(text.slice(text.indexOf('\n') + 1)) as Segment),
  );
}

function withSubsegments(segment: Segment): Segment[] {
  const { id, trace_id = '', subsegments = [] } = segment;
  return [segment, ...subsegments.flatMap((each) => withSubsegments({ trace_id, parent_id: id, ...each }))];
}

const base = {
  packages: ['aws-xray-sdk-core'],
  shown:
    'a subsegment for each invocation, and one for its request of `node:http`, in its trace; the trace’s header on the request',
  beside: true,
  env: ({ collector }) => ({ AWS_XRAY_DAEMON_ADDRESS: `127.0.0.1:${collector.port}` }),
  prove: proveSubsegments,
} satisfies Partial<Trial>;

/** Subsegments of several invocations on a thread. */
const ONE_SEGMENT: Reason = {
  layout: SHARED.name,
  why: 'only with one invocation per thread. All invocations of a thread have one segment: `contextUtils.setSegment(facadeSegment())` (`dist/lib/env/aws_lambda.js`). A subsegment is sent under the trace that this segment has then: `this.trace_id = this.segment.trace_id` (`dist/lib/segments/attributes/subsegment.js`), which is the trace of the invocation that began last. Set `threads` to the concurrency, or make a segment for each invocation, as in the next row of the table.',
};

const BEGUN_EARLY: Reason = {
  contender: 'theirs',
  layout: UNSHARED.name,
  isRace: true,
  why: 'with AWS’s client, the trial sometimes also fails with 4 threads × 1, because the client asks for the next event while a handler waits.',
};

export const xray: Group = {
  name: 'xray',
  title: 'AWS X-Ray SDK',
  trials: [
    {
      ...base,
      name: '`captureAsyncFunc()`, `captureHTTPsGlobal()`',
      handlers: { CommonJS: 'index.subsegments', 'ES module': 'esm.subsegments' },
      reasons: [ONE_SEGMENT, BEGUN_EARLY],
    },
    {
      ...base,
      name: 'a segment for each invocation',
      set: '`new Segment(name, root, parent)` in `getNamespace().runPromise()`, see [instrumentation.md](instrumentation.md#aws-x-ray-sdk)',
      shown: 'the same',
      handlers: { CommonJS: 'index.segment', 'ES module': 'esm.segment' },
    },
  ],
};
