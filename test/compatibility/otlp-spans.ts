import type { Received } from './collector.ts';

/** A span as an OTLP exporter sends it. */
export interface Span {
  readonly scope: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

interface ExportedSpan extends Omit<Span, 'scope' | 'attributes'> {
  readonly attributes?: readonly {
    readonly key: string;
    readonly value: Readonly<Record<string, unknown>>;
  }[];
}

interface TraceRequest {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly {
      readonly scope?: { readonly name?: string };
      readonly spans: readonly ExportedSpan[];
    }[];
  }[];
}

const parsed = new WeakMap<Received, Span[]>();

/** Reads the bodies of requests to `/v1/traces`, in OTLP's JSON. */
export function otlpSpans(requests: readonly Received[]): Span[] {
  return requests.flatMap((request) => {
    const spans = parsed.get(request) ?? spansOf(JSON.parse(request.body.toString()) as TraceRequest);
    parsed.set(request, spans);
    return spans;
  });
}

function spansOf({ resourceSpans }: TraceRequest): Span[] {
  return resourceSpans
    .flatMap(({ scopeSpans }) => scopeSpans)
    .flatMap(({ scope, spans }) =>
      spans.map((span) => ({
        scope: scope?.name ?? '',
        name: span.name,
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId ?? '',
        attributes: Object.fromEntries(
          (span.attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0]]),
        ),
      })),
    );
}
