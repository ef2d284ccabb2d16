import { threadId } from 'node:worker_threads';
// In your own project, import from 'lambda-managed-runtime/worker'.
import type { Handler } from '../../workers/index.ts';

export interface HelloEvent {
  readonly name?: string;
}

export interface HelloAnswer {
  readonly greeting: string;
  readonly requestId: string;
  readonly thread: number;
}

export const handler: Handler<HelloEvent, HelloAnswer> = ({ name = 'world' }, context) => ({
  greeting: `Hello, ${name}!`,
  requestId: context.awsRequestId,
  thread: threadId,
});
