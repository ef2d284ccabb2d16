// The functions of one handler, for packages that were required or imported.
exports.calls = (packages, { hold }) => {
  const { BatchProcessor, EventType, processPartialResponse } = packages.batch;
  const processors = {
    sqs: new BatchProcessor(EventType.SQS),
    kinesis: new BatchProcessor(EventType.KinesisDataStreams),
    dynamodb: new BatchProcessor(EventType.DynamoDBStreams),
  };
  const batch = (kind, isBad) => async (event, context) => {
    await hold(context.awsRequestId);
    const handleRecord = async (record) => {
      if (isBad(record)) throw new Error('a bad record');
    };
    return processPartialResponse(event, handleRecord, processors[kind], { context });
  };

  const app = new packages.http.Router();
  app.post('/orders/:id', async ({ req, params, event }) => {
    await hold(params.id);
    return { id: params.id, sent: await req.json(), requestId: event.requestContext.requestId };
  });

  const { z } = packages.zod;
  const schema = z.object({ n: z.number(), requestId: z.string() });

  const ssm = new packages.ssm.SSMProvider({
    clientConfig: { endpoint: process.env.UPSTREAM_SSM, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } },
  });

  const { Tracer } = packages.tracer;
  const tracer = new Tracer({ serviceName: 'shop' });

  return {
    sqs: batch('sqs', ({ body }) => body === 'bad'),
    kinesis: batch('kinesis', ({ kinesis }) => Buffer.from(kinesis.data, 'base64').toString() === 'bad'),
    dynamodb: batch('dynamodb', ({ dynamodb }) => dynamodb.NewImage.kind.S === 'bad'),
    http: (event, context) => app.resolve(event, context),
    kafka: packages.kafka.kafkaConsumer(
      async (event, context) => {
        await hold(context.awsRequestId);
        return [...event.records].map(({ key, value }) => ({ key, value }));
      },
      { value: { type: 'json', parserSchema: schema } },
    ),
    parser: async (event, context) => {
      await hold(context.awsRequestId);
      const [{ body }] = packages.parser.SqsSchema.parse(event).Records;
      return schema.parse(JSON.parse(body));
    },
    parameters: async (_event, context) => {
      await hold(context.awsRequestId);
      return ssm.get(`/${context.awsRequestId}`);
    },
    tracer: (_event, context) =>
      tracer.provider.captureAsyncFunc('## from tracer', async (subsegment) => {
        await hold(context.awsRequestId);
        subsegment?.addAnnotation('requestId', context.awsRequestId);
        subsegment?.close();
        return { traceId: tracer.getRootXrayTraceId() };
      }),
  };
};
