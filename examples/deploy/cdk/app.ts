import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { FunctionsStack } from './functions-stack.ts';

const app = new App();

/** What `-c name=value` gives. */
function given(name: string, fallback?: string): string {
  const value: unknown = app.node.tryGetContext(name) ?? fallback;
  if (typeof value === 'string' && value !== '') return value;
  throw new Error(`Give it with -c ${name}=…`);
}

new FunctionsStack(app, 'LambdaManagedRuntimeExamples', {
  subnetIds: given('subnets').split(','),
  securityGroupIds: given('securityGroups').split(','),
  tokenSecret: given('tokenSecret'),
  codeFolder: given('code', fileURLToPath(new URL('../build', import.meta.url))),
});
