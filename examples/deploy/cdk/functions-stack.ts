import { join } from 'node:path';
import { CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import type { StackProps } from 'aws-cdk-lib';
import { SecurityGroup, Subnet } from 'aws-cdk-lib/aws-ec2';
import { Architecture, CapacityProvider } from 'aws-cdk-lib/aws-lambda';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
// In your own project, import from 'lambda-managed-runtime/cdk'.
import { ManagedNodejsFunction } from '../../../src/cdk/index.ts';
import { FUNCTIONS, GIB_PER_VCPU } from '../functions.ts';

export interface FunctionsStackProps extends StackProps {
  /** The subnets of the instances. They must provide a route to CloudWatch and the other services. */
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
  /** The name of a Secrets Manager secret with the private key of the crypto example. */
  readonly tokenSecret: string;
  /** The output folder of assemble.ts, with one folder per function. */
  readonly codeFolder: string;
}

/** A capacity provider with the example functions. */
export class FunctionsStack extends Stack {
  constructor(scope: Construct, id: string, props: FunctionsStackProps) {
    super(scope, id, props);
    const capacityProvider = new CapacityProvider(this, 'Capacity', {
      subnets: props.subnetIds.map((subnetId, n) => Subnet.fromSubnetId(this, `Subnet${n}`, subnetId)),
      securityGroups: props.securityGroupIds.map((groupId, n) =>
        SecurityGroup.fromSecurityGroupId(this, `SecurityGroup${n}`, groupId),
      ),
      architectures: [Architecture.ARM_64],
      maxVCpuCount: 64,
    });
    const environments: Readonly<Record<string, Readonly<Record<string, string>>>> = {
      // The main thread reads the key from the secret when it starts. The environment variable has only the secret's name.
      crypto: { TOKEN_SECRET: props.tokenSecret },
    };
    for (const { name, packages, memorySize, concurrency, timeout, bootstrap } of FUNCTIONS) {
      const folder = join(props.codeFolder, name);
      const lambda = new ManagedNodejsFunction(this, name, {
        capacityProvider,
        entry: join(folder, 'handler.ts'),
        ...(bootstrap !== undefined && { bootstrap: join(folder, bootstrap) }),
        architecture: Architecture.ARM_64,
        memorySize,
        memoryPerVCpu: GIB_PER_VCPU,
        concurrency,
        timeout: Duration.seconds(timeout),
        environment: { ...environments[name] },
        bundling: { nodeModules: [...packages] },
        projectRoot: folder,
        depsLockFilePath: join(folder, 'package-lock.json'),
      });
      if (name === 'crypto')
        Secret.fromSecretNameV2(this, 'TokenSecret', props.tokenSecret).grantRead(lambda);
      new CfnOutput(this, `${name}-arn`, { value: lambda.functionArn });
    }
  }
}
