import type { Behaviour, Layout } from './behaviour.ts';

/** What Lambda gives to a runtime, and what the behaviour changes of it. */
export function lambdaEnvironment(
  { handler = 'index.handler', env = {} }: Behaviour,
  layout: Layout,
  runtimeApi: string,
  taskRoot: string,
): NodeJS.ProcessEnv {
  const variables: NodeJS.ProcessEnv = {
    AWS_LAMBDA_RUNTIME_API: runtimeApi,
    LAMBDA_TASK_ROOT: taskRoot,
    LAMBDA_RUNTIME_DIR: '/var/runtime',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'token',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: 'parity',
    AWS_LAMBDA_FUNCTION_VERSION: '7',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '2048',
    AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/parity',
    AWS_LAMBDA_LOG_STREAM_NAME: '2026/11/26/[7]0123456789abcdef',
    AWS_LAMBDA_LOG_FORMAT: 'JSON',
    AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
    AWS_XRAY_DAEMON_ADDRESS: '127.0.0.1:2000',
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    PATH: process.env['PATH'],
    ...layout.env,
    ...env,
  };
  if (handler !== null) variables['_HANDLER'] = handler;
  for (const [name, value] of Object.entries(variables)) if (value === undefined) delete variables[name];
  return variables;
}
