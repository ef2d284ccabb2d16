import { resolve } from 'node:path';
import { Token } from 'aws-cdk-lib';
import { Runtime, RuntimeFamily } from 'aws-cdk-lib/aws-lambda';
import type { CfnFunction, ICapacityProvider } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { BundlingOptions, NodejsFunctionProps } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { Construct } from 'constructs';
import { OWN_NAME } from '../deployment/runtime-files.ts';
import { finishBundle } from './bundling-hook.ts';
import { refusalsOf, vCpusOf } from './environment-limits.ts';
import type { EnvironmentSize } from './environment-limits.ts';

/** The properties of a {@link ManagedNodejsFunction}: those of `NodejsFunction`, and those of Lambda Managed Instances. */
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

/**
 * A function on Lambda Managed Instances that runs its handler with this runtime. The handler, and a bootstrap if there is
 * one, are bundled with esbuild as `NodejsFunction` does; the runtime is copied beside them. Packages with native binaries
 * belong into `bundling.nodeModules`, which are installed for the function's architecture.
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
    const refusals = [...refusalsOf(knownOf(size)), ...settingRefusals(runtime, own.environment)];
    if (concurrency === undefined)
      refusals.push(
        'concurrency must be set, because memorySize and memoryPerVCpu are known at deployment only',
      );
    if (refusals.length > 0 || concurrency === undefined)
      throw new Error(`${scope.node.path}/${id}: ${refusals.join('; ')}.`);
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

/** The name of the bundled bootstrap. */
const BOOTSTRAP = 'bootstrap.mjs';

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

function settingRefusals(runtime: Runtime, environment: Readonly<Record<string, string>> = {}): string[] {
  const refusals: string[] = [];
  const [, major] = /^nodejs(\d+)/.exec(runtime.name) ?? [];
  if (runtime.family !== RuntimeFamily.NODEJS || (major !== undefined && Number(major) < 22))
    refusals.push(`runtime is ${runtime.name}, but the runtime needs nodejs22.x or newer`);
  if ('AWS_LAMBDA_EXEC_WRAPPER' in environment)
    refusals.push(
      'environment must not set AWS_LAMBDA_EXEC_WRAPPER, which starts the runtime; LMR_NEXT_WRAPPER takes a further wrapper',
    );
  return refusals;
}

function bundlingOf(props: ManagedNodejsFunctionProps, runtime: Runtime): BundlingOptions {
  const { bundling = {}, bootstrap, entry, architecture } = props;
  const format = bundling.format ?? OutputFormat.ESM;
  return {
    ...bundling,
    format,
    // CommonJS packages in an ES module require modules of Node.js.
    ...(format === OutputFormat.ESM && { banner: `${REQUIRE}${bundling.banner ?? ''}` }),
    // Also keeps NodejsFunction from leaving out the AWS SDK, which ES modules do not find in Lambda's runtime.
    externalModules: [...(bundling.externalModules ?? []), OWN_NAME],
    environment: {
      // For `npm ci` of `nodeModules`, which would install the binaries of this machine.
      npm_config_os: 'linux',
      npm_config_cpu: architecture?.name === 'arm64' ? 'arm64' : 'x64',
      npm_config_libc: 'glibc',
      ...bundling.environment,
    },
    commandHooks: finishBundle(
      {
        bootstrap:
          bootstrap === undefined
            ? undefined
            : {
                file: resolve(bootstrap),
                output: BOOTSTRAP,
                handler: {
                  file: resolve(entry),
                  output: format === OutputFormat.ESM ? 'index.mjs' : 'index.js',
                },
                banner: `${REQUIRE}${bundling.banner ?? ''}`,
                external: [...(bundling.externalModules ?? []), ...(bundling.nodeModules ?? []), OWN_NAME],
                target: bundling.target ?? runtime.name.replace(/^nodejs(\d+).*/, 'node$1'),
                minify: bundling.minify ?? false,
                keepNames: bundling.keepNames ?? false,
                sourceMap: bundling.sourceMap ?? false,
                define: bundling.define ?? {},
                loader: bundling.loader ?? {},
              },
        projectRoot: resolve(props.projectRoot ?? '.'),
      },
      bundling.commandHooks,
    ),
  };
}

const REQUIRE =
  "import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);";
