import { fileURLToPath } from 'node:url';
import type { Setup } from './contender.ts';

/** The environment variables that Lambda sets for every runtime, except the address of the Runtime API. */
export function lambdaEnvironment({ handler, slots, threads }: Setup): NodeJS.ProcessEnv {
  const memoryMiB = Math.max(4096, threads * MEMORY_PER_THREAD_MIB);
  return {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    AWS_LAMBDA_INITIALIZATION_TYPE: 'lambda-managed-instances',
    AWS_LAMBDA_MAX_CONCURRENCY: String(slots),
    AWS_LAMBDA_NODEJS_WORKER_COUNT: String(threads),
    AWS_LAMBDA_FUNCTION_NAME: 'bench',
    AWS_LAMBDA_FUNCTION_VERSION: '1',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMiB),
    AWS_LAMBDA_LOG_FORMAT: 'JSON',
    AWS_LAMBDA_LOG_GROUP_NAME: 'bench',
    AWS_LAMBDA_LOG_STREAM_NAME: 'bench',
    LAMBDA_TASK_ROOT: HANDLERS,
    _HANDLER: `${handler}.handler`,
  };
}

const HANDLERS = fileURLToPath(new URL('../handlers', import.meta.url));

/** Enough memory that no runtime has to limit its threads. */
const MEMORY_PER_THREAD_MIB = 128;
