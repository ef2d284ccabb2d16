import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { FunctionsStack } from './functions-stack.ts';

const app = new App();

/** Returns a context value, which the command line sets with `-c name=value`. */
function given(name: string, fallback?: string): string {
  const value: unknown = app.node.tryGetContext(name) ?? fallback;
  if (typeof value === 'string' && value !== '') return value;
  throw new Error(`Set it with -c ${name}=…`);
}

new FunctionsStack(app, 'LambdaManagedRuntimeExamples', {
  subnetIds: given('subnets').split(','),
  securityGroupIds: given('securityGroups').split(','),
  tokenSecret: given('tokenSecret'),
  codeFolder: given('code', fileURLToPath(new URL('../build', import.meta.url))),
});
