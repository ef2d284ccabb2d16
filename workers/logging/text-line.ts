import { stringify } from '../../src/builtins.ts';
import { LoggedErrorDescriber } from '../../src/invocation/logged-error.ts';
import type { LineOrigin } from './console.ts';
import { printed } from './printed.ts';

/** A line as AWS's runtime writes it in the format Text; with the tenant's id where there is one. */
export function textLine(args: readonly unknown[], origin: LineOrigin): string {
  return line(printed(args), origin);
}

/** A line about something that the handler's code has thrown, as AWS's runtime writes it: a text, and JSON. */
export function textErrorLine(thrown: unknown, text: string, origin: LineOrigin): string {
  const { stackTrace, ...described } = new LoggedErrorDescriber().describe(thrown);
  return line(`${text} \t${stringify({ ...described, stack: stackTrace })}`, origin);
}

function line(text: string, { time, level, requestId = '', tenantId }: LineOrigin): string {
  const tenant = tenantId === undefined ? '' : `${tenantId}\t`;
  return `${time.toISOString()}\t${requestId}\t${tenant}${level}\t${text}`;
}
