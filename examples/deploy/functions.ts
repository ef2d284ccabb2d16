/** The deployment settings of an example. A test checks that the SAM template has the same ones. */
export interface DeployedFunction {
  /** The name of the example's folder. */
  readonly name: string;
  /** The packages that the example imports. */
  readonly packages: readonly string[];
  /** The memory of an execution environment. With {@link GIB_PER_VCPU} it determines the number of vCPUs. */
  readonly memorySize: number;
  /** The concurrency of an execution environment: the number of slots and, with one invocation per thread, of threads. */
  readonly concurrency: number;
  /** Seconds. */
  readonly timeout: number;
  /** The file that the wrapper starts instead of the command, for options that the command does not have. */
  readonly bootstrap?: string;
}

/** The wrapper that the package contains. */
export const EXEC_WRAPPER = '/var/task/node_modules/lambda-managed-runtime/deploy/exec-wrapper';

/** The minimum on Lambda Managed Instances. 2048 MiB then provide one vCPU. */
export const GIB_PER_VCPU = 2;

/** CPU-bound functions have one slot per vCPU. Functions that mostly wait have more. */
export const FUNCTIONS: readonly DeployedFunction[] = [
  { name: 'hello-json', packages: [], memorySize: 2048, concurrency: 4, timeout: 10 },
  { name: 'streaming', packages: [], memorySize: 4096, concurrency: 2, timeout: 60 },
  { name: 'background-tasks', packages: [], memorySize: 2048, concurrency: 8, timeout: 30 },
  { name: 'image', packages: ['sharp'], memorySize: 8192, concurrency: 4, timeout: 60 },
  {
    name: 'crypto',
    packages: ['@node-rs/argon2', '@aws-sdk/client-secrets-manager'],
    memorySize: 8192,
    concurrency: 4,
    timeout: 10,
    bootstrap: 'main.ts',
  },
  {
    name: 'shared-cache',
    packages: ['lru-cache'],
    memorySize: 4096,
    concurrency: 2,
    timeout: 10,
    bootstrap: 'main.ts',
  },
];
