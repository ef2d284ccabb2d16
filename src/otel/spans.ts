import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import type { Attributes, Context, Span } from '@opentelemetry/api';
import {
  INVOCATION_CHANNEL,
  REQUEST_CHANNEL,
  THREAD_CHANNEL,
  subscribeToChannel,
} from '../observability/channels.ts';
import type { PublishedInvocation, PublishedRequest, PublishedThread } from '../observability/channels.ts';
import type { InvocationReport } from '../observability/observer.ts';
import type { StatsSource } from '../observability/stats.ts';

/** Records a span for each invocation, with a child span for each post of an answer, and one for each thread start. */
export function recordSpans(runtime: StatsSource): () => void {
  const tracer = trace.getTracer('lambda-managed-runtime');
  const { functionName } = runtime.stats();
  const invocations = new Map<string, Span>();
  const requests = new WeakMap<PublishedRequest, Span>();
  const boots = new WeakMap<PublishedThread, Span>();

  const stops = [
    subscribeToChannel<PublishedInvocation>(INVOCATION_CHANNEL, {
      start: ({ requestId, functionArn, traceId, arrivedAtMs, slot }) => {
        const attributes = {
          'faas.invocation_id': requestId,
          'cloud.resource_id': functionArn,
          [SLOT]: slot,
        };
        const options = { kind: SpanKind.SERVER, startTime: arrivedAtMs, attributes };
        invocations.set(requestId, tracer.startSpan(functionName, options, xrayParent(traceId)));
      },
      asyncEnd: ({ requestId, report, error }) => {
        const span = invocations.get(requestId);
        invocations.delete(requestId);
        if (report !== undefined) span?.setAttributes(attributesOf(report));
        if (error !== undefined) fail(span, error.errorType, error.errorMessage);
        span?.end();
      },
    }),
    subscribeToChannel<PublishedRequest>(REQUEST_CHANNEL, {
      start: (request) => {
        const parent = invocations.get(requestIdOf(request));
        if (parent === undefined) return;
        const attributes = { 'http.request.method': request.method, 'url.path': request.path };
        const options = { kind: SpanKind.CLIENT, attributes };
        requests.set(request, tracer.startSpan('answer', options, trace.setSpan(ROOT_CONTEXT, parent)));
      },
      asyncEnd: (request) => {
        const span = requests.get(request);
        const { status, error } = request;
        if (status !== undefined) span?.setAttribute('http.response.status_code', status);
        if (error !== undefined || (status ?? 0) >= 400)
          fail(span, error?.name ?? String(status), error?.message ?? '');
        span?.end();
      },
    }),
    subscribeToChannel<PublishedThread>(THREAD_CHANNEL, {
      start: (context) => {
        boots.set(context, tracer.startSpan('thread start', { attributes: { [THREAD]: context.thread } }));
      },
      end: (context) => {
        const span = boots.get(context);
        if (context.startDurationMs === undefined && context.cause === 'startFailed')
          fail(span, context.cause, 'The thread failed to start.');
        span?.end();
      },
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

const SLOT = 'lambda_managed_runtime.slot';
const THREAD = 'lambda_managed_runtime.thread';

function attributesOf(report: InvocationReport): Attributes {
  return {
    'lambda_managed_runtime.outcome': report.outcome,
    'lambda_managed_runtime.in_flight': report.inFlight,
    'lambda_managed_runtime.bytes_in': report.bytesIn,
    'lambda_managed_runtime.bytes_out': report.bytesOut,
    'lambda_managed_runtime.over_deadline_ms': report.overDeadlineMs,
    ...(report.thread !== undefined && { [THREAD]: report.thread }),
    ...(report.dispatchMs !== undefined && { 'lambda_managed_runtime.dispatch_ms': report.dispatchMs }),
    ...(report.handlerMs !== undefined && { 'lambda_managed_runtime.handler_ms': report.handlerMs }),
    ...(report.cpuMs !== undefined && { 'lambda_managed_runtime.cpu_ms': report.cpuMs }),
    ...(report.firstOnThread !== undefined && { 'faas.coldstart': report.firstOnThread }),
  };
}

function fail(span: Span | undefined, errorType: string, message: string): void {
  span?.setAttribute('error.type', errorType);
  span?.setStatus({ code: SpanStatusCode.ERROR, message });
}

/** Returns the request id in the path of an answer; an empty string for other requests. */
function requestIdOf({ path }: PublishedRequest): string {
  return /\/invocation\/([^/]+)\/(?:response|error)$/.exec(path)?.[1] ?? '';
}

/**
 * Returns the context of an X-Ray trace header; the root context if the header is absent or incomplete.
 *
 * @see https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
 */
function xrayParent(header: string | undefined): Context {
  const fields = new Map(header?.split(';').map((field) => field.trim().split('=') as [string, string]));
  const [, epoch, unique] = /^1-([\da-f]{8})-([\da-f]{24})$/i.exec(fields.get('Root') ?? '') ?? [];
  const spanId = fields.get('Parent')?.toLowerCase();
  if (epoch === undefined || unique === undefined || spanId === undefined || !/^[\da-f]{16}$/.test(spanId))
    return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId: `${epoch}${unique}`.toLowerCase(),
    spanId,
    traceFlags: fields.get('Sampled') === '1' ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
  });
}
