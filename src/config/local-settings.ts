import type { Environment } from './environment.ts';

/** How the local server presents the function. */
export interface LocalSettings {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** The path to which an event is posted as it is. */
  readonly invocationEndpoint: string;
  readonly functionName: string;
  readonly timeoutMs: number;
  /** Most invocations at once. */
  readonly concurrency: number;
}

export function localSettings(env: Environment, concurrency: number): LocalSettings {
  return {
    host: env.LOCAL_LAMBDA_HOST ?? '127.0.0.1',
    port: env.LOCAL_LAMBDA_PORT ?? 7000,
    invocationEndpoint: env.LOCAL_LAMBDA_INVOCATION_ENDPOINT ?? '/invoke',
    functionName: env.AWS_LAMBDA_FUNCTION_NAME ?? 'function',
    timeoutMs: (env.AWS_LAMBDA_FUNCTION_TIMEOUT ?? 30) * 1000,
    concurrency,
  };
}
