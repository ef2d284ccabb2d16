import { Token } from 'aws-cdk-lib';
import { Runtime } from 'aws-cdk-lib/aws-lambda';
import type { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { Construct } from 'constructs';
import { OWN_NAME } from '../deployment/runtime-files.ts';
import { bundleErrorOf } from './bundle-error.ts';
import { BOOTSTRAP, bundlingOf } from './bundling-options.ts';
import { refusalsOf, vCpusOf } from './environment-limits.ts';
import type { EnvironmentSize } from './environment-limits.ts';
import type { ManagedNodejsFunctionProps } from './managed-nodejs-function-props.ts';
import { settingRefusals } from './setting-refusals.ts';

/**
 * A function on Lambda Managed Instances that runs its handler with this runtime. The handler, and a bootstrap if there is
 * one, are bundled with esbuild as `NodejsFunction` does; the runtime is copied beside them. Packages with native binaries
 * belong into `bundling.nodeModules`, which are installed for the function's architecture; synthesis fails if the bundle contains
 * such a package, or if the bootstrap names a module that does not exist.
 *
 * Defaults that differ from `NodejsFunction`: Node.js 24, ES modules, and the AWS SDK is bundled.
 *
 * @throws Error if Lambda Managed Instances would refuse the memory, the ratio of memory and vCPUs, or the concurrency.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances.html
 * @example
 * ```ts
 * import { Stack } from 'aws-cdk-lib';
 * import type { ICapacityProvider } from 'aws-cdk-lib/aws-lambda';
 * import { ManagedNodejsFunction } from 'lambda-managed-runtime/cdk';
 *
 * export function addResize(stack: Stack, capacityProvider: ICapacityProvider): void {
 *   new ManagedNodejsFunction(stack, 'Resize', {
 *     entry: 'src/resize.ts',
 *     capacityProvider,
 *     memorySize: 8192,
 *     concurrency: 4,
 *     bundling: { nodeModules: ['sharp'] },
 *   });
 * }
 * ```
 */
export class ManagedNodejsFunction extends NodejsFunction {
  constructor(scope: Construct, id: string, props: ManagedNodejsFunctionProps) {
    const { capacityProvider, bootstrap, publishToLatestPublished = true, ...rest } = props;
    const { memorySize = 4096, memoryPerVCpu = 2, minEnvironments, maxEnvironments, ...own } = rest;
    const runtime = own.runtime ?? Runtime.NODEJS_24_X;
    const size = {
      memorySize,
      memoryPerVCpu,
      concurrency: own.concurrency,
      minEnvironments,
      maxEnvironments,
    };
    const { concurrency = defaultConcurrency(size), ...functionProps } = own;
    const refusals = [...refusalsOf(knownOf(size)), ...settingRefusals(props, runtime)];
    if (concurrency === undefined)
      refusals.push(
        'concurrency must be set, because memorySize and memoryPerVCpu are known at deployment only',
      );
    if (refusals.length > 0 || concurrency === undefined)
      throw new Error(`${scope.node.path}/${id}: ${refusals.join('; ')}.`);
    try {
      super(scope, id, {
        ...functionProps,
        runtime,
        memorySize,
        bundling: bundlingOf(props, runtime),
        environment: {
          AWS_LAMBDA_EXEC_WRAPPER: `/var/task/node_modules/${OWN_NAME}/deploy/exec-wrapper`,
          ...(bootstrap !== undefined && { LMR_BOOTSTRAP: BOOTSTRAP }),
          ...own.environment,
        },
      });
    } catch (error) {
      throw bundleErrorOf(error, `${scope.node.path}/${id}`) ?? error;
    }
    const resource = this.node.defaultChild as CfnFunction;
    resource.publishToLatestPublished = publishToLatestPublished;
    resource.capacityProviderConfig = {
      lambdaManagedInstancesCapacityProviderConfig: {
        capacityProviderArn: capacityProvider.capacityProviderArn,
        perExecutionEnvironmentMaxConcurrency: concurrency,
        executionEnvironmentMemoryGiBPerVCpu: memoryPerVCpu,
      },
    };
    if (minEnvironments !== undefined && maxEnvironments !== undefined)
      resource.functionScalingConfig = {
        minExecutionEnvironments: minEnvironments,
        maxExecutionEnvironments: maxEnvironments,
      };
  }
}

/** Leaves out the numbers that CloudFormation resolves at deployment. */
function knownOf(size: EnvironmentSize): EnvironmentSize {
  const known = Object.entries(size).map(([name, value]) => [
    name,
    Token.isUnresolved(value) ? undefined : value,
  ]);
  return Object.fromEntries(known) as unknown as EnvironmentSize;
}

function defaultConcurrency(size: EnvironmentSize): number | undefined {
  const vCpus = vCpusOf(knownOf(size));
  return vCpus === undefined ? undefined : Math.floor(vCpus);
}
