import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeFunctionFolder } from '../../examples/deploy/function-folder.ts';
import { FUNCTIONS, GIB_PER_VCPU } from '../../examples/deploy/functions.ts';
import { startRuntimeApi } from '../../src/testing/runtime-api.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import type { TaskRoot } from '../helpers/task-root.ts';
import { ofCdk, ofSam, synthesise } from './deployment.ts';
import { sampleEvent } from './example.ts';
import type { ExampleName } from './example.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const COMMAND = 'dist/src/cli/main.js';
const YOUNG_GENERATION = '--max-semi-space-size=16';

let root: TaskRoot;

/** The functions' folders as assemble.ts makes them, but npm: the package is not built here, so its sources stand for it. */
beforeAll(async () => {
  root = await makeTaskRoot({
    'package/package.json': JSON.stringify({ type: 'module', exports: { './worker': './worker.js' } }),
    [`package/${COMMAND}`]: `import 'file://${PROJECT}src/cli/main.ts';`,
    'package/worker.js': `export * from 'file://${PROJECT}workers/index.ts';`,
  });
  for (const one of FUNCTIONS) {
    const folder = `${root.path}/build/${one.name}`;
    await writeFunctionFolder(one, folder, '1.0.0');
    await mkdir(`${folder}/node_modules`);
    await symlink(`${root.path}/package`, `${folder}/node_modules/lambda-managed-runtime`);
    await mkdir(`${folder}/bin`);
    await symlink(process.execPath, `${folder}/bin/node`);
  }
});
afterAll(() => root[Symbol.asyncDispose]());

describe('the zip', () => {
  it.each<[ExampleName, script: string, args: string[]]>([
    ['hello-json', 'exec-wrapper', ['/var/lang/bin/node', '--expose-gc', '/var/runtime/index.mjs']],
    ['streaming', 'exec-wrapper', ['/var/lang/bin/node', '/var/runtime/index.mjs']],
    ['hello-json', 'bootstrap', []],
  ])('of %s answers an event when Lambda runs its %s', async (name, script, args) => {
    await using api = await startRuntimeApi();
    const child = startFunction(name, script, args, { AWS_LAMBDA_RUNTIME_API: api.address });
    const ended = once(child, 'close');
    expect(await api.invoke(sampleEvent(name))).toMatchObject({ status: 'response' });
    child.kill();
    // SIGTERM reaches the runtime itself, which drains: nothing stands between it and Lambda.
    expect(await ended).toEqual([0, null]);
  });

  it.each([
    ['exec-wrapper', {}, '2', [YOUNG_GENERATION]],
    ['bootstrap', {}, '2', [YOUNG_GENERATION]],
    ['exec-wrapper', { MALLOC_ARENA_MAX: '4', AWS_LAMBDA_MAX_CONCURRENCY: '1' }, '4', []],
    ['bootstrap', { MALLOC_ARENA_MAX: '4', NODE_OPTIONS: '--max_semi_space_size=32' }, '4', []],
  ])(
    "bounds malloc's arenas and the main thread's young generation in %s, where the environment is %o: %s %o",
    async (script, env, arenas, flags) => {
      await using api = await startRuntimeApi();
      const child = startFunction('hello-json', script, [], { AWS_LAMBDA_RUNTIME_API: api.address, ...env });
      const ended = once(child, 'close');
      expect(await api.invoke(sampleEvent('hello-json'))).toMatchObject({ status: 'response' });
      const environment = await readFile(`/proc/${child.pid}/environ`, 'utf8');
      expect(environment.split('\0')).toContain(`MALLOC_ARENA_MAX=${arenas}`);
      const command = (await readFile(`/proc/${child.pid}/cmdline`, 'utf8')).split('\0');
      expect(command.filter((part) => part.startsWith('--'))).toEqual(flags);
      child.kill();
      await ended;
    },
  );

  it('and the image start what the package has for a command', async () => {
    const { bin } = JSON.parse(await readFile(`${PROJECT}package.json`, 'utf8')) as {
      bin: Record<string, string>;
    };
    expect(bin['lambda-managed-runtime']).toBe(COMMAND);
    const dockerfile = await readFile(`${PROJECT}examples/deploy/container/Dockerfile`, 'utf8');
    const command = `/var/task/node_modules/lambda-managed-runtime/${COMMAND}`;
    expect(dockerfile).toContain(' MALLOC_ARENA_MAX=2 ');
    expect(dockerfile).toContain(` NODE_OPTIONS=${YOUNG_GENERATION} `);
    expect(dockerfile).toContain(`\nENTRYPOINT ${JSON.stringify(['node', command]).replace(',', ', ')}\n`);
  });

  it('has the packages that its code imports, as the repository has them', async () => {
    const { dependencies } = JSON.parse(await readFile(`${root.path}/build/image/package.json`, 'utf8')) as {
      dependencies: Record<string, string>;
    };
    expect(dependencies).toEqual({
      'lambda-managed-runtime': '1.0.0',
      sharp: expect.stringMatching(/^\^\d/),
    });
  });
});

/** Starts it as Lambda does. */
function startFunction(name: string, script: string, args: string[], env: NodeJS.ProcessEnv): ChildProcess {
  const folder = `${root.path}/build/${name}`;
  return spawn(`${folder}/${script}`, args, {
    cwd: '/',
    env: {
      PATH: process.env['PATH'],
      AWS_LAMBDA_MAX_CONCURRENCY: '2',
      LAMBDA_TASK_ROOT: folder,
      _HANDLER: 'handler.handler',
      ...env,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function expected(capacity: string) {
  return FUNCTIONS.map(({ name, memorySize, timeout, concurrency }) => ({
    runtime: 'nodejs24.x',
    architectures: ['arm64'],
    handler: 'handler.handler',
    memorySize,
    timeout,
    environment:
      name === 'crypto'
        ? { ...WRAPPER, LMR_BOOTSTRAP: 'main.ts', TOKEN_SECRET: expect.stringMatching(SECRET) }
        : WRAPPER,
    concurrency,
    gibPerVCpu: GIB_PER_VCPU,
    capacity,
  }));
}

const WRAPPER = { AWS_LAMBDA_EXEC_WRAPPER: '/var/task/exec-wrapper' };
/** The name that the CDK app is given, and SAM's parameter. */
const SECRET = /^(token|TokenSecret)$/;

it('the CDK app puts each function on the capacity provider, with its concurrency, timeout, memory and architecture', async () => {
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
  expect(ofCdk(resources)).toEqual(expected(capacity));
});

it('the SAM template says the same', async () => {
  const { functions, codeUris, capacity } = await ofSam();
  expect(codeUris).toEqual(FUNCTIONS.map(({ name }) => `../build/${name}`));
  expect(functions).toEqual(expected('Capacity'));
  expect(capacity).toMatchObject({
    InstanceRequirements: { Architectures: ['arm64'] },
    ScalingConfig: { MaxVCpuCount: 64 },
  });
});
