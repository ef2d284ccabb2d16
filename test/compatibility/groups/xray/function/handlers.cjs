// The functions of one handler, for packages that were required or imported.
exports.handlers = (xray, http, { hold }) => {
  xray.captureHTTPsGlobal(http);

  const work = (requestId) =>
    xray.captureAsyncFunc('work', async (subsegment) => {
      subsegment.addAnnotation('requestId', requestId);
      await hold(requestId);
      subsegment.close();
      return { requestId };
    });

  return {
    /** In the segment that Lambda makes of the invocation. */
    subsegments: (_event, { awsRequestId }) => work(awsRequestId),

    /** In a segment that the function makes of the invocation. */
    segment: (_event, { awsRequestId }) =>
      xray.getNamespace().runPromise(async () => {
        const { root, parent, sampled } = xray.utils.processTraceData(awslambda.InvokeStore.getXRayTraceId());
        const segment = new xray.Segment('shop', root, parent);
        segment.notTraced = sampled !== '1';
        xray.setSegment(segment);
        try {
          return await work(awsRequestId);
        } finally {
          segment.close();
        }
      }),
  };
};
