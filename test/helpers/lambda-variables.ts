interface LambdaFunction {
  readonly functionName: string;
  readonly memoryMb: number;
  /** The address of the Runtime API. */
  readonly runtimeApi: string;
  readonly taskRoot: string;
}

/** The variables that Lambda sets for each function on Node.js 24, and this machine's PATH. */
export function lambdaVariables({
  functionName,
  memoryMb,
  runtimeApi,
  taskRoot,
}: LambdaFunction): NodeJS.ProcessEnv {
  return {
    AWS_LAMBDA_RUNTIME_API: runtimeApi,
    LAMBDA_TASK_ROOT: taskRoot,
    LAMBDA_RUNTIME_DIR: '/var/runtime',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'token',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: functionName,
    AWS_LAMBDA_FUNCTION_VERSION: '7',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${functionName}`,
    AWS_LAMBDA_LOG_STREAM_NAME: '2026/11/26/[7]0123456789abcdef',
    AWS_LAMBDA_LOG_FORMAT: 'JSON',
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    PATH: process.env['PATH'],
  };
}
