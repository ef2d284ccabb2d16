import { lambdaVariables } from '../helpers/lambda-variables.ts';
import type { Behaviour, Layout } from './behaviour.ts';

/** What Lambda gives to a runtime, and what the behaviour changes of it. */
export function lambdaEnvironment(
  { handler = 'index.handler', env = {} }: Behaviour,
  layout: Layout,
  runtimeApi: string,
  taskRoot: string,
): NodeJS.ProcessEnv {
  const variables: NodeJS.ProcessEnv = {
    ...lambdaVariables({ functionName: 'parity', memoryMb: 2048, runtimeApi, taskRoot }),
    AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
    AWS_XRAY_DAEMON_ADDRESS: '127.0.0.1:2000',
    ...layout.env,
    ...env,
  };
  if (handler !== null) variables['_HANDLER'] = handler;
  for (const [name, value] of Object.entries(variables)) if (value === undefined) delete variables[name];
  return variables;
}
