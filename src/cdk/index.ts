/**
 * A construct of the AWS CDK for functions with this runtime. The projects that use it have `aws-cdk-lib`, `constructs` and
 * `esbuild` installed.
 *
 * @module lambda-managed-runtime/cdk
 */
export { ManagedNodejsFunction } from './managed-nodejs-function.ts';
export type { ManagedNodejsFunctionProps } from './managed-nodejs-function-props.ts';
