import { ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';

/**
 * The context of an X-Ray trace header; the root context where there is none.
 *
 * @see https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
 */
export function xrayParent(header: string | undefined): Context {
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
