import { execFile } from 'node:child_process';
import { mkdir, readFile, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { App, Lazy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { SecurityGroup, Subnet } from 'aws-cdk-lib/aws-ec2';
import { Architecture, CapacityProvider, Runtime } from 'aws-cdk-lib/aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManagedNodejsFunction } from '../../src/cdk/index.ts';
import type { ManagedNodejsFunctionProps } from '../../src/cdk/index.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import type { TaskRoot } from '../helpers/task-root.ts';
import { makeBuiltPackage } from './built-package.ts';
import { startScript } from './start-script.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const WRAPPER = '/var/task/node_modules/lambda-managed-runtime/deploy/exec-wrapper';

let runtime: TaskRoot;
let project: TaskRoot;
/** Outside the project, whose node_modules and package.json Lambda does not have. */
let output: TaskRoot;

beforeAll(async () => {
  output = await makeTaskRoot();
  runtime = await makeBuiltPackage();
  project = await makeTaskRoot(FILES);
  const modules = `${project.path}/node_modules`;
  await mkdir(modules);
  for (const name of ['aws-cdk-lib', 'constructs', 'esbuild', '.bin'])
    await symlink(`${PROJECT}node_modules/${name}`, `${modules}/${name}`);
  await symlink(runtime.path, `${modules}/lambda-managed-runtime`);
});
afterAll(async () => {
  await project[Symbol.asyncDispose]();
  await output[Symbol.asyncDispose]();
  await runtime[Symbol.asyncDispose]();
});

describe('the properties', () => {
  it('have defaults for handlers that compute', () => {
    expect(propertiesOf({})).toMatchObject({
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      MemorySize: 4096,
      PublishToLatestPublished: true,
      CapacityProviderConfig: {
        LambdaManagedInstancesCapacityProviderConfig: {
          CapacityProviderArn: { 'Fn::GetAtt': [expect.stringMatching(/^Capacity/), 'Arn'] },
          PerExecutionEnvironmentMaxConcurrency: 2,
          ExecutionEnvironmentMemoryGiBPerVCpu: 2,
        },
      },
      Environment: { Variables: { AWS_LAMBDA_EXEC_WRAPPER: WRAPPER } },
    });
  });

  it('reach the template', () => {
    const properties = propertiesOf({
      memorySize: 16_384,
      memoryPerVCpu: 4,
      concurrency: 256,
      publishToLatestPublished: false,
      minEnvironments: 1,
      maxEnvironments: 8,
      bootstrap: file('src/main.ts'),
      environment: { LMR_NEXT_WRAPPER: '/opt/otel-handler' },
      architecture: Architecture.ARM_64,
      runtime: Runtime.NODEJS_22_X,
    });
    expect(properties).toMatchObject({
      Runtime: 'nodejs22.x',
      Architectures: ['arm64'],
      MemorySize: 16_384,
      PublishToLatestPublished: false,
      CapacityProviderConfig: {
        LambdaManagedInstancesCapacityProviderConfig: {
          PerExecutionEnvironmentMaxConcurrency: 256,
          ExecutionEnvironmentMemoryGiBPerVCpu: 4,
        },
      },
      FunctionScalingConfig: { MinExecutionEnvironments: 1, MaxExecutionEnvironments: 8 },
      Environment: {
        Variables: {
          AWS_LAMBDA_EXEC_WRAPPER: WRAPPER,
          LMR_BOOTSTRAP: 'bootstrap.mjs',
          LMR_NEXT_WRAPPER: '/opt/otel-handler',
        },
      },
    });
  });

  it('take a capacity provider of another stack', () => {
    const stack = emptyStack();
    const arn = 'arn:aws:lambda:eu-west-1:123456789012:capacity-provider:shared';
    const capacityProvider = CapacityProvider.fromCapacityProviderArn(stack, 'Shared', arn);
    expect(propertiesOf({ capacityProvider }, stack)).toMatchObject({
      CapacityProviderConfig: { LambdaManagedInstancesCapacityProviderConfig: { CapacityProviderArn: arn } },
    });
  });

  it('can be values that only deployment resolves, if concurrency is set', () => {
    const memorySize = Lazy.number({ produce: () => 1024 });
    expect(propertiesOf({ memorySize, concurrency: 3 })).toMatchObject({ MemorySize: 1024 });
    expect(() => propertiesOf({ memorySize })).toThrow(
      'Stack/Function: concurrency must be set, because memorySize and memoryPerVCpu are known at deployment only.',
    );
  });

  it.each<[Partial<ManagedNodejsFunctionProps>, string]>([
    [
      { memorySize: 1024, concurrency: 1 },
      'memorySize is 1024 MiB, but Lambda Managed Instances need at least 2048 MiB',
    ],
    [{ memoryPerVCpu: 3 }, 'memoryPerVCpu is 3 GiB, but it must be 2, 4 or 8'],
    [
      { memorySize: 4096, memoryPerVCpu: 8 },
      'memorySize is 4096 MiB, but 8 GiB per vCPU need at least 8192 MiB',
    ],
    [
      { memorySize: 4096, concurrency: 129 },
      'concurrency is 129, but an environment with 2 vCPUs takes at most 128 (64 per vCPU)',
    ],
    [
      { memorySize: 131_072, concurrency: 1601 },
      'concurrency is 1601, but it must be a whole number from 1 to 1600',
    ],
    [{ concurrency: 1.5 }, 'concurrency is 1.5, but it must be a whole number from 1 to 1600'],
    [{ minEnvironments: 1 }, 'minEnvironments and maxEnvironments must be set together'],
    [
      { minEnvironments: 3, maxEnvironments: 2 },
      'minEnvironments is 3, which is more than maxEnvironments, 2',
    ],
    [{ runtime: Runtime.NODEJS_20_X }, 'runtime is nodejs20.x, but the runtime needs nodejs22.x or newer'],
    [
      { environment: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/otel-handler' } },
      'environment must not set AWS_LAMBDA_EXEC_WRAPPER, which starts the runtime; LMR_NEXT_WRAPPER takes a further wrapper',
    ],
    [
      { bundling: { nodeModules: ['sharp', 'lambda-managed-runtime'] } },
      'bundling.nodeModules must not contain lambda-managed-runtime, which is copied from the installed package',
    ],
    [
      { bootstrap: 'src/missing.ts' },
      `bootstrap is src/missing.ts, but there is no file ${PROJECT}src/missing.ts`,
    ],
    [
      { bootstrap: 'src/index.ts', environment: { LMR_BOOTSTRAP: 'main.mjs' } },
      'environment must not set LMR_BOOTSTRAP together with bootstrap, whose bundle it would replace',
    ],
  ])('are refused at synthesis: %o', (props, message) => {
    expect(() => propertiesOf(props)).toThrow(`Stack/Function: ${message}.`);
  });

  it('are reported together in one error', () => {
    expect(() => propertiesOf({ memorySize: 512, memoryPerVCpu: 16, concurrency: 0 })).toThrow(
      /^Stack\/Function: memorySize is 512 .*; memoryPerVCpu is 16 .*; concurrency is 0, .*\.$/,
    );
  });
});

describe('the bundle', () => {
  let functions: Readonly<Record<string, { readonly folder: string; readonly env: Record<string, string> }>>;

  beforeAll(async () => {
    const env = { ...process.env, CDK_OUTDIR: output.path };
    await promisify(execFile)(process.execPath, ['app.mjs'], { cwd: project.path, env });
    const template = JSON.parse(await readFile(`${output.path}/App.template.json`, 'utf8')) as {
      Resources: Record<string, { Type: string; Metadata: Record<string, string>; Properties: any }>;
    };
    const found = Object.values(template.Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');
    functions = Object.fromEntries(
      found.map(({ Metadata, Properties }) => [
        (Metadata['aws:cdk:path'] ?? '').split('/')[1],
        {
          folder: join(output.path, Metadata['aws:asset:path'] ?? ''),
          env: { ...Properties.Environment.Variables, _HANDLER: Properties.Handler } as Record<
            string,
            string
          >,
        },
      ]),
    );
  });

  /** Starts a function as Lambda does. */
  function start(name: string) {
    const { folder = '', env = {} } = functions[name] ?? {};
    const command = (env['AWS_LAMBDA_EXEC_WRAPPER'] ?? '').replace('/var/task', folder);
    return startScript({ command: [command], taskRoot: folder, env });
  }

  it('of a handler answers events', async () => {
    await using started = await start('Handler');
    const answer = await started.invoke({ n: 2 }, { requestId: 'request-1' });
    expect(answer).toEqual({ square: 4, requestId: 'request-1', separator: '/' });
    expect(await started.stop()).toEqual({ code: 0, signal: null });
  });

  it('of a CommonJS handler answers events', async () => {
    await using started = await start('CommonJs');
    const answer = await started.invoke({ n: 3 }, { requestId: 'request-1' });
    expect(answer).toEqual({ square: 9, requestId: 'request-1' });
  });

  it('of a bootstrap has the modules that it names, and its hooks run', async () => {
    await using started = await start('Bootstrap');
    await started.whenPolling(2);
    expect(await started.invoke({})).toEqual({ count: 1, factor: 7 });
    expect(await started.invoke({})).toEqual({ count: 2, factor: 7 });
    expect(await started.stop()).toEqual({ code: 0, signal: null });
    expect(started.output.stdout).toContain('The hook of the bootstrap has run.');
  });

  it('contains the runtime, without files that Lambda does not need', async () => {
    const own = `${functions['Handler']?.folder}/node_modules/lambda-managed-runtime`;
    expect((await stat(`${own}/deploy/exec-wrapper`)).mode & 0o111).toBe(0o111);
    await expect(stat(`${own}/dist/src/index.d.ts`)).rejects.toThrow('ENOENT');
    const handler = await readFile(`${functions['Handler']?.folder}/index.mjs`, 'utf8');
    // The package stays outside the bundle, and the AWS SDK would be inside.
    expect(handler).toMatch(/from ["']lambda-managed-runtime\/worker["']/);
  });
});

const FILES = {
  'package.json': '{"type":"module"}',
  'package-lock.json': '{"name":"project","lockfileVersion":3,"packages":{}}',
  'src/square.ts': `import { createRequire } from 'node:module';
import { getContext } from 'lambda-managed-runtime/worker';
const require = createRequire(import.meta.url);
const { sep } = require('node:path') as typeof import('node:path');
interface Event { readonly n: number }
export const handler = async ({ n }: Event) => ({ square: n * n, requestId: getContext()?.awsRequestId, separator: sep });`,
  'src/common.cts': `import worker = require('lambda-managed-runtime/worker');
exports.handler = async ({ n }: { n: number }) => ({ square: n * n, requestId: worker.getContext()?.awsRequestId });`,
  'src/main.ts': `import { start } from './lib/start.ts';
await start();`,
  // The modules are named in a file of another folder, and two of them have the same name.
  'src/lib/start.ts': `import { createManagedRuntime } from 'lambda-managed-runtime';
export const start = (): Promise<void> =>
  createManagedRuntime(new URL('../counting.ts', import.meta.url), {
    services: new URL("./shared.ts", import.meta.url),
    sharedData: new URL('../shared.ts', import.meta.url),
    onShutdown: () => console.log('The hook of the bootstrap has run.'),
  }).run();`,
  'src/counting.ts': `import { useServices, useSharedData } from 'lambda-managed-runtime/worker';
const { count } = useServices<typeof import('./lib/shared.ts')>();
const { factor } = useSharedData<typeof import('./shared.ts')>();
export const handler = async () => ({ count: await count(), factor: factor[0] });`,
  'src/lib/shared.ts': 'let calls = 0; export const count = (): number => (calls += 1);',
  'src/shared.ts': 'export const factor = new Uint8Array(new SharedArrayBuffer(1)).fill(7);',
  'app.mjs': `import { App, Stack } from 'aws-cdk-lib';
import { Code, CapacityProvider } from 'aws-cdk-lib/aws-lambda';
import { OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { ManagedNodejsFunction } from 'lambda-managed-runtime/cdk';
const context = { 'aws:cdk:enable-path-metadata': true, 'aws:cdk:enable-asset-metadata': true };
const stack = new Stack(new App({ context }), 'App');
const arn = 'arn:aws:lambda:eu-west-1:123456789012:capacity-provider:shared';
const capacityProvider = CapacityProvider.fromCapacityProviderArn(stack, 'Shared', arn);
new ManagedNodejsFunction(stack, 'Handler', { entry: 'src/square.ts', capacityProvider });
new ManagedNodejsFunction(stack, 'CommonJs', {
  entry: 'src/common.cts',
  capacityProvider,
  bundling: { format: OutputFormat.CJS },
});
new ManagedNodejsFunction(stack, 'Bootstrap', {
  entry: 'src/counting.ts',
  bootstrap: 'src/main.ts',
  capacityProvider,
  bundling: { minify: true },
});
stack.node.root.synth();
`,
};

function file(name: string): string {
  return join(project.path, name);
}

/** A stack whose functions are not bundled. */
function emptyStack(): Stack {
  return new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Stack');
}

/** Synthesises a function. Returns its properties in the template. */
function propertiesOf(props: Partial<ManagedNodejsFunctionProps>, stack = emptyStack()): unknown {
  const capacityProvider =
    props.capacityProvider ??
    new CapacityProvider(stack, 'Capacity', {
      subnets: [Subnet.fromSubnetId(stack, 'Subnet', 'subnet-0a1b2c3d')],
      securityGroups: [SecurityGroup.fromSecurityGroupId(stack, 'SecurityGroup', 'sg-0a1b2c3d')],
    });
  new ManagedNodejsFunction(stack, 'Function', {
    entry: file('src/square.ts'),
    projectRoot: project.path,
    depsLockFilePath: file('package-lock.json'),
    ...props,
    capacityProvider,
  });
  const [found] = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
  return found?.['Properties'];
}
