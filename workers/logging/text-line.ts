import type { LineOrigin } from './console.ts';
import { printed } from './printed.ts';

/** A line as AWS's runtime writes it in the format Text; with the tenant's id where there is one. */
export function textLine(
  args: readonly unknown[],
  { time, level, requestId = '', tenantId }: LineOrigin,
): string {
  const tenant = tenantId === undefined ? '' : `${tenantId}\t`;
  return `${time.toISOString()}\t${requestId}\t${tenant}${level}\t${printed(args)}`;
}
