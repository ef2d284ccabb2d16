/** How one of the examples is deployed. The SAM template says the same, and a test compares the two. */
export interface DeployedFunction {
  /** The name of its folder in examples. */
  readonly name: string;
  /** Packages that its code imports. */
  readonly packages: readonly string[];
  /** MiB of an execution environment. With {@link GIB_PER_VCPU} this decides how many vCPUs it has. */
  readonly memorySize: number;
  /** Invocations at once in an execution environment: our slots, and with one each, our threads. */
  readonly concurrency: number;
  /** Seconds. */
  readonly timeout: number;
}

/** The least that Lambda Managed Instances allow: 2048 MiB then have one vCPU. */
export const GIB_PER_VCPU = 2;

/** Those that compute have a slot for each vCPU; those that mostly wait have more. */
export const FUNCTIONS: readonly DeployedFunction[] = [
  { name: 'hello-json', packages: [], memorySize: 2048, concurrency: 4, timeout: 10 },
  { name: 'streaming', packages: [], memorySize: 4096, concurrency: 2, timeout: 60 },
  { name: 'background-tasks', packages: [], memorySize: 2048, concurrency: 8, timeout: 30 },
  { name: 'image', packages: ['sharp'], memorySize: 8192, concurrency: 4, timeout: 60 },
  { name: 'crypto', packages: ['@node-rs/argon2'], memorySize: 8192, concurrency: 4, timeout: 10 },
];
