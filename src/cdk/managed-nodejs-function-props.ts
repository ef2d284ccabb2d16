import type { ICapacityProvider } from 'aws-cdk-lib/aws-lambda';
import type { NodejsFunctionProps } from 'aws-cdk-lib/aws-lambda-nodejs';

/** The properties of a `ManagedNodejsFunction`: those of `NodejsFunction`, and those of Lambda Managed Instances. */
export interface ManagedNodejsFunctionProps extends Omit<NodejsFunctionProps, 'code'> {
  /** The file of the handler. Relative paths are relative to the working directory. */
  readonly entry: string;

  /** The capacity provider on whose instances the function runs. */
  readonly capacityProvider: ICapacityProvider;

  /**
   * The file that calls `createManagedRuntime()`, for options that the runtime's command does not have. It is bundled, as are
   * the modules that it names as `new URL('./module.ts', import.meta.url)`: the handler, `services`, `sharedData`.
   *
   * @default - the runtime's command serves the handler
   */
  readonly bootstrap?: string;

  /**
   * The invocations that an execution environment runs at the same time (`PerExecutionEnvironmentMaxConcurrency`): 1 to
   * 1,600, and at most 64 per vCPU.
   *
   * @default - the number of vCPUs, for handlers that compute
   */
  readonly concurrency?: number;

  /**
   * GiB of memory for each vCPU (`ExecutionEnvironmentMemoryGiBPerVCpu`): 2, 4 or 8.
   *
   * @default 2
   */
  readonly memoryPerVCpu?: number;

  /**
   * The memory of an execution environment in MiB, at least 2048. Together with `memoryPerVCpu` it sets the number of vCPUs.
   *
   * @default 4096
   */
  readonly memorySize?: number;

  /**
   * Whether each deployment is published to `$LATEST.PUBLISHED`, which starts execution environments.
   *
   * @default true
   */
  readonly publishToLatestPublished?: boolean;

  /**
   * The least number of execution environments of `$LATEST.PUBLISHED`. Set it together with `maxEnvironments`.
   *
   * @default - Lambda's minimum
   */
  readonly minEnvironments?: number;

  /**
   * The greatest number of execution environments of `$LATEST.PUBLISHED`. Set it together with `minEnvironments`.
   *
   * @default - no maximum
   */
  readonly maxEnvironments?: number;
}
