import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { FunctionProcess } from '../function-process.ts';
import { SHARED } from '../group.ts';
import type { Group, Services, Trial } from '../group.ts';
import { httpEvent } from '../http-event.ts';
import { ALL, eventually, invokeInWaves, mostly } from '../waves.ts';
import type { Invocation } from '../waves.ts';

/** Each invocation returns what its own event has. */
function proveResults(eventOf: (each: Invocation) => unknown, resultOf: (each: Invocation) => unknown) {
  return async (running: FunctionProcess, services: Services): Promise<void> => {
    // The answer of SSM, for the trial of parameters.
    services.collector.answer = ({ body }) => {
      const { Name } = JSON.parse(body.toString() || '{}') as { Name?: string };
      return { Parameter: { Name, Value: `value of ${Name}` } };
    };
    await running.ready();
    const results = await invokeInWaves(running, services, eventOf);
    const wrong = ALL.filter((each, n) => !isDeepStrictEqual(results[n], resultOf(each)));
    assert.deepEqual(mostly(wrong.map(({ n }) => JSON.stringify(results[n]))), []);
  };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const failed = ({ requestId }: Invocation) => ({
  batchItemFailures: [{ itemIdentifier: `bad-${requestId}` }],
});

const sqsRecord = (messageId: string, body: string) => ({
  messageId,
  receiptHandle: 'handle',
  body,
  attributes: {
    ApproximateReceiveCount: '1',
    SentTimestamp: '1',
    SenderId: 'id',
    ApproximateFirstReceiveTimestamp: '1',
  },
  messageAttributes: {},
  md5OfBody: '0',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:us-east-1:123456789012:queue',
  awsRegion: 'us-east-1',
});

/** Each subsegment is sent under the trace of its invocation. */
async function proveSubsegments(running: FunctionProcess, services: Services): Promise<void> {
  await running.ready();
  await invokeInWaves(running, services, () => ({}));
  const traces = (): Map<string | undefined, string> =>
    new Map(
      services.collector.datagrams
        .map((text) => JSON.parse(text.split('\n')[1] ?? '{}') as Subsegment)
        .filter(({ name }) => name === '## from tracer')
        .map(({ annotations, trace_id }) => [annotations?.['requestId'], trace_id]),
    );
  await eventually(() => {
    const wrong = ALL.filter(({ requestId, root }) => traces().get(requestId) !== root);
    assert.deepEqual(mostly(wrong.map(({ requestId }) => `${requestId} has ${traces().get(requestId)}`)), []);
  });
}

interface Subsegment {
  readonly name: string;
  readonly trace_id: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

const trial = (call: string, pkg: string, more: Pick<Trial, 'name' | 'shown' | 'prove'>): Trial => ({
  packages: [`@aws-lambda-powertools/${pkg}`],
  handlers: { CommonJS: 'index.handler', 'ES module': 'esm.handler' },
  env: ({ collector }) => ({
    CALL: call,
    UPSTREAM_SSM: collector.url,
    AWS_XRAY_DAEMON_ADDRESS: `127.0.0.1:${collector.port}`,
    POWERTOOLS_TRACER_CAPTURE_HTTPS_REQUESTS: 'false',
  }),
  ...more,
});

export const powertools: Group = {
  name: 'powertools',
  title: 'Powertools for AWS Lambda',
  trials: [
    trial('sqs', 'batch', {
      name: 'SQS',
      shown: 'the failed record of each batch is reported to its caller',
      prove: proveResults(
        ({ requestId }) => ({
          Records: ['good', 'bad'].map((kind) => sqsRecord(`${kind}-${requestId}`, kind)),
        }),
        failed,
      ),
    }),
    trial('kinesis', 'batch', {
      name: 'Kinesis',
      shown: 'the same',
      prove: proveResults(
        ({ requestId }) => ({
          Records: ['good', 'bad'].map((kind) => ({
            eventSource: 'aws:kinesis',
            eventID: `shard:${kind}`,
            kinesis: { data: base64(kind), sequenceNumber: `${kind}-${requestId}`, partitionKey: '1' },
          })),
        }),
        failed,
      ),
    }),
    trial('dynamodb', 'batch', {
      name: 'DynamoDB',
      shown: 'the same',
      prove: proveResults(
        ({ requestId }) => ({
          Records: ['good', 'bad'].map((kind) => ({
            eventSource: 'aws:dynamodb',
            eventName: 'INSERT',
            dynamodb: { NewImage: { kind: { S: kind } }, SequenceNumber: `${kind}-${requestId}` },
          })),
        }),
        failed,
      ),
    }),
    trial('http', 'event-handler', {
      name: 'HTTP API',
      shown: 'each caller gets the answer of its own request',
      prove: proveResults(
        ({ n, requestId }) => httpEvent(`/orders/${requestId}`, { n }, requestId),
        ({ n, requestId }) => ({
          statusCode: 200,
          body: JSON.stringify({ id: requestId, sent: { n }, requestId }),
          isBase64Encoded: false,
          headers: { 'content-type': 'application/json' },
        }),
      ),
    }),
    trial('parser', 'parser', {
      name: 'SQS schema',
      shown: 'each invocation parses its own records',
      prove: proveResults(
        ({ n, requestId }) => ({ Records: [sqsRecord('id', JSON.stringify({ n, requestId }))] }),
        ({ n, requestId }) => ({ n, requestId }),
      ),
    }),
    trial('kafka', 'kafka', {
      name: 'MSK, JSON',
      shown: 'each invocation gets its own records',
      prove: proveResults(
        ({ n, requestId }) => ({
          eventSource: 'aws:kafka',
          records: {
            'topic-0': [
              {
                topic: 'topic',
                partition: 0,
                offset: n,
                key: base64('key'),
                value: base64(JSON.stringify({ n, requestId })),
                headers: [],
              },
            ],
          },
        }),
        ({ n, requestId }) => [{ key: 'key', value: { n, requestId } }],
      ),
    }),
    trial('parameters', 'parameters', {
      name: 'SSM',
      shown: 'each invocation gets its own parameter',
      prove: proveResults(
        () => ({}),
        ({ requestId }) => `value of /${requestId}`,
      ),
    }),
    {
      ...trial('tracer', 'tracer', {
        name: '`captureAsyncFunc()`',
        shown: 'each subsegment is sent under the trace of its invocation',
        prove: proveSubsegments,
      }),
      beside: true,
      reasons: [
        {
          contender: 'ours',
          layout: SHARED.name,
          why: 'only with one invocation per thread. The tracer isolates the active segment, but its parent is the single `facadeSegment` of `aws-xray-sdk-core`, whose `resolveLambdaTraceData` resets it to the trace of the last invocation that called it (`dist/lib/env/aws_lambda.js`). Set `threads` to the concurrency.',
        },
        {
          contender: 'theirs',
          why: 'the function does not start with the tracer outside of the handler: `resolveLambdaTraceData` of `aws-xray-sdk-core` (`dist/lib/env/aws_lambda.js`) calls `awslambda.InvokeStore.getXRayTraceId()` while the module is loaded, and that of AWS’s client throws “No context available”.',
        },
      ],
    },
  ],
};
