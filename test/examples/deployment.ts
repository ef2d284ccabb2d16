import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** The settings of a function in a template. */
export interface Deployment {
  readonly runtime: string;
  readonly architectures: readonly string[];
  readonly handler: string;
  readonly memorySize: number;
  readonly timeout: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly concurrency: number;
  readonly gibPerVCpu: number;
  /** The logical id of its capacity provider. */
  readonly capacity: string;
}

/** Templates are not typed: the tests check what must be there. */
type Properties = any;

const DEPLOY = fileURLToPath(new URL('../../examples/deploy/', import.meta.url));

/** Runs the CDK app as the command cdk does, and resolves with the resources of its template. */
export async function synthesise(codeFolder: string, into: string): Promise<Record<string, Properties>> {
  const context = {
    subnets: 'subnet-0a1b2c3d,subnet-1a2b3c4d',
    securityGroups: 'sg-0a1b2c3d',
    tokenSecret: 'token',
    code: codeFolder,
    // Bundling would install packages.
    'aws:cdk:bundling-stacks': [],
  };
  const child = spawn(process.execPath, ['app.ts'], {
    cwd: `${DEPLOY}cdk`,
    env: { ...process.env, CDK_OUTDIR: into, CDK_CONTEXT_JSON: JSON.stringify(context) },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(errors);
  const template = await readFile(`${into}/LambdaManagedRuntimeExamples.template.json`, 'utf8');
  return (JSON.parse(template) as { Resources: Record<string, Properties> }).Resources;
}

/** The functions of a CDK template, in its order. */
export function ofCdk(resources: Record<string, Properties>): Deployment[] {
  return Object.values(resources)
    .filter(({ Type }) => Type === 'AWS::Lambda::Function')
    .map(({ Properties }) => {
      const provider = Properties.CapacityProviderConfig.LambdaManagedInstancesCapacityProviderConfig;
      return deployment(Properties, provider, provider.CapacityProviderArn['Fn::GetAtt'][0]);
    });
}

/** The functions of the SAM template, in its order and with its globals, and its capacity provider. */
export async function ofSam(): Promise<{
  functions: Deployment[];
  codeUris: string[];
  capacity: Properties;
}> {
  const text = await readFile(`${DEPLOY}sam/template.yaml`, 'utf8');
  // CloudFormation's tags, such as !GetAtt, are left as the text behind them.
  const { Globals, Resources } = parse(text, { logLevel: 'silent' });
  const functions = Object.values<Properties>(Resources)
    .filter(({ Type }) => Type === 'AWS::Serverless::Function')
    .map(({ Properties }) => withGlobals(Globals.Function, Properties));
  return {
    functions: functions.map((one) =>
      deployment(one, one.CapacityProviderConfig, one.CapacityProviderConfig.Arn.replace('.Arn', '')),
    ),
    codeUris: functions.map((one) => one.CodeUri),
    capacity: Resources.Capacity.Properties,
  };
}

function withGlobals(globals: Properties, own: Properties): Properties {
  const variables = { ...globals.Environment.Variables, ...own.Environment?.Variables };
  return { ...globals, ...own, Environment: { Variables: variables } };
}

function deployment(properties: Properties, provider: Properties, capacity: string): Deployment {
  return {
    runtime: properties.Runtime,
    architectures: properties.Architectures,
    handler: properties.Handler,
    memorySize: properties.MemorySize,
    timeout: properties.Timeout,
    environment: properties.Environment.Variables,
    concurrency: provider.PerExecutionEnvironmentMaxConcurrency,
    gibPerVCpu: provider.ExecutionEnvironmentMemoryGiBPerVCpu,
    capacity,
  };
}
