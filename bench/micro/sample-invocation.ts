import { InvocationContext } from '../../workers/invocation-context.ts';
import type { CurrentInvocation } from '../../workers/invoke-store.ts';

const metadata = {
  requestId: '8476a536-e9f4-11e8-9739-2dfe598c3fcd',
  deadlineMs: Date.now() + 60_000,
  invokedFunctionArn: 'arn',
  traceId: 'Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700',
  clientContext: undefined,
  cognitoIdentity: undefined,
  tenantId: undefined,
};
const lambda = {
  functionName: 'function',
  functionVersion: '1',
  memoryLimitInMB: '1024',
  logGroupName: 'group',
  logStreamName: 'stream',
};
const context = new InvocationContext(metadata, { lambda, deadlineMarginMs: 0 }, () => undefined);

/** A sample invocation as a thread receives it, without an event. */
export function sampleInvocation(invocationId: number): CurrentInvocation {
  return { message: { invocationId, metadata }, context };
}
