import { copyFile, mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeFunctionFolder } from '../../examples/deploy/function-folder.ts';
import { EXEC_WRAPPER, FUNCTIONS, GIB_PER_VCPU } from '../../examples/deploy/functions.ts';
import { makePackage, startScript } from '../deploy/start-script.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import type { TaskRoot } from '../helpers/task-root.ts';
import { ofCdk, ofSam, synthesise } from './deployment.ts';
import { sampleEvent } from './example.ts';
import type { ExampleName } from './example.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
/** The command line of AWS's client. */
const CLIENT = ['/var/lang/bin/node', '--expose-gc', '/var/runtime/index.mjs'];

let root: TaskRoot;
let runtime: TaskRoot;

/** Makes the functions' folders as assemble.ts does, without npm. */
beforeAll(async () => {
  runtime = await makePackage();
  root = await makeTaskRoot();
  for (const one of FUNCTIONS) {
    const folder = `${root.path}/build/${one.name}`;
    await writeFunctionFolder(one, folder, '1.0.0');
    await mkdir(`${folder}/node_modules`);
    await symlink(runtime.path, `${folder}/node_modules/lambda-managed-runtime`);
    for (const name of one.packages.filter((name) => !name.startsWith('@')))
      await symlink(`${PROJECT}node_modules/${name}`, `${folder}/node_modules/${name}`);
    // As the README says for provided.al2023.
    await copyFile(`${runtime.path}/deploy/bootstrap`, `${folder}/bootstrap`);
    // npm writes it, and the CDK app names it.
    await writeFile(`${folder}/package-lock.json`, '{}');
    await mkdir(`${folder}/bin`);
    await symlink(process.execPath, `${folder}/bin/node`);
  }
});
afterAll(async () => {
  await root[Symbol.asyncDispose]();
  await runtime[Symbol.asyncDispose]();
});

describe('the zip', () => {
  it.each<[ExampleName, script: string, args: string[], env: Record<string, string>]>([
    ['hello-json', EXEC_WRAPPER, CLIENT, {}],
    ['streaming', EXEC_WRAPPER, CLIENT, {}],
    ['hello-json', '/var/task/bootstrap', [], {}],
    ['shared-cache', EXEC_WRAPPER, CLIENT, { LMR_BOOTSTRAP: 'main.ts' }],
    ['shared-cache', '/var/task/bootstrap', [], { LMR_BOOTSTRAP: 'main.ts' }],
  ])('of %s answers an event when Lambda runs %s with %o and %o', async (name, script, args, env) => {
    const taskRoot = `${root.path}/build/${name}`;
    const command = [script.replace('/var/task', taskRoot), ...args];
    await using started = await startScript({ command, taskRoot, env });
    await started.response(JSON.stringify(sampleEvent(name)));
    // SIGTERM reaches the runtime itself, which drains: nothing stands between it and Lambda.
    expect(await started.stop()).toEqual({ code: 0, signal: null });
  });

  it('of shared-cache has the modules that its bootstrap shares', async () => {
    const taskRoot = `${root.path}/build/shared-cache`;
    const command = [EXEC_WRAPPER.replace('/var/task', taskRoot)];
    await using started = await startScript({ command, taskRoot, env: { LMR_BOOTSTRAP: 'main.ts' } });
    const event = sampleEvent('shared-cache');
    expect(await started.invoke(event)).toMatchObject({ factors: [15485863], cached: false });
    expect(await started.invoke(event)).toMatchObject({ factors: [15485863], cached: true });
  });

  it('and the image start scripts that the package publishes', async () => {
    const { files } = JSON.parse(await readFile(`${PROJECT}package.json`, 'utf8')) as { files: string[] };
    expect(files).toContain('deploy');
    const dockerfile = await readFile(`${PROJECT}examples/deploy/container/Dockerfile`, 'utf8');
    const entrypoint = EXEC_WRAPPER.replace('exec-wrapper', 'bootstrap');
    expect(dockerfile).toContain(`\nENTRYPOINT ${JSON.stringify([entrypoint])}\n`);
    expect(await readdir(`${PROJECT}deploy`)).toEqual(expect.arrayContaining(['bootstrap', 'exec-wrapper']));
  });

  it('depends on the packages that its code imports, in the versions of the repository', async () => {
    const { dependencies } = JSON.parse(await readFile(`${root.path}/build/image/package.json`, 'utf8')) as {
      dependencies: Record<string, string>;
    };
    expect(dependencies).toEqual({
      'lambda-managed-runtime': '1.0.0',
      sharp: expect.stringMatching(/^\^\d/),
    });
  });
});

/** The functions that a template must have, with the names of handler and bootstrap in its packages. */
function expected(capacity: string, handler: string, bootstrap: string) {
  const variables: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    // The name that the CDK app is given, and SAM's parameter.
    crypto: { LMR_BOOTSTRAP: bootstrap, TOKEN_SECRET: expect.stringMatching(/^(token|TokenSecret)$/) },
    'shared-cache': { LMR_BOOTSTRAP: bootstrap },
  };
  return FUNCTIONS.map(({ name, memorySize, timeout, concurrency }) => ({
    runtime: 'nodejs24.x',
    architectures: ['arm64'],
    handler,
    memorySize,
    timeout,
    environment: { AWS_LAMBDA_EXEC_WRAPPER: EXEC_WRAPPER, ...variables[name] },
    concurrency,
    gibPerVCpu: GIB_PER_VCPU,
    capacity,
  }));
}

it('the CDK app defines the capacity provider, and each function on it with its settings', async () => {
  const resources = await synthesise(`${root.path}/build`, `${root.path}/cdk.out`);
  const providers = Object.entries(resources).filter(
    ([, { Type }]) => Type === 'AWS::Lambda::CapacityProvider',
  );
  expect(providers).toEqual([[expect.any(String), expect.anything()]]);
  const [capacity = '', provider] = providers[0] ?? [];
  expect(provider.Properties).toMatchObject({
    VpcConfig: {
      SubnetIds: ['subnet-0a1b2c3d', 'subnet-1a2b3c4d'],
      SecurityGroupIds: ['sg-0a1b2c3d'],
    },
    InstanceRequirements: { Architectures: ['arm64'] },
    CapacityProviderScalingConfig: { MaxVCpuCount: 64 },
  });
  expect(ofCdk(resources)).toEqual(expected(capacity, 'index.handler', 'bootstrap.mjs'));
});

it('the SAM template defines the same functions and capacity provider', async () => {
  const { functions, codeUris, capacity } = await ofSam();
  expect(codeUris).toEqual(FUNCTIONS.map(({ name }) => `../build/${name}`));
  expect(functions).toEqual(expected('Capacity', 'handler.handler', 'main.ts'));
  expect(capacity).toMatchObject({
    InstanceRequirements: { Architectures: ['arm64'] },
    ScalingConfig: { MaxVCpuCount: 64 },
  });
});
