import { availableParallelism, totalmem } from 'node:os';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readConfig } from '../src/config/config.ts';
import { ManagedRuntimeError, createManagedRuntime } from '../src/index.ts';
import type { ManagedRuntimeOptions } from '../src/index.ts';
import { HANDLERS, MODES, startBootstrap } from './helpers/start-runtime.ts';

beforeEach(() => {
  vi.stubEnv('AWS_LAMBDA_RUNTIME_API', '127.0.0.1:9001');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const COUNT = 'must be a whole number from 1 to 1600';
const TIMEOUT = 'must be a whole number from 1 to 5400';
const HOST = 'must be host:port, for example 127.0.0.1:9001';
const LOOPBACK =
  'must be localhost, ::1 or an address in 127.0.0.0/8, so that other machines cannot call handlers';
const MODULE = 'must be a path, a file: URL or a URL object';
/** The memory to which Node.js applies percentages. */
const MACHINE_MIB = Math.min(totalmem(), process.constrainedMemory() || Infinity) / 1024 ** 2;

describe('an environment variable', () => {
  it.each([
    ['AWS_LAMBDA_MAX_CONCURRENCY', 'abc', `${COUNT}, but it is "abc"`],
    ['AWS_LAMBDA_MAX_CONCURRENCY', '0', `${COUNT}, but it is 0`],
    ['AWS_LAMBDA_MAX_CONCURRENCY', '1601', `${COUNT}, but it is 1601`],
    ['AWS_LAMBDA_MAX_CONCURRENCY', '2.5', `${COUNT}, but it is "2.5"`],
    ['AWS_LAMBDA_MAX_CONCURRENCY', '-1', `${COUNT}, but it is "-1"`],
    ['AWS_LAMBDA_RUNTIME_API', 'localhost', `${HOST}, but it is "localhost"`],
    ['AWS_LAMBDA_RUNTIME_API', 'http://localhost:9001', `${HOST}, but it is "http://localhost:9001"`],
    ['AWS_LAMBDA_RUNTIME_API', 'localhost:0', `${HOST}, but it is "localhost:0"`],
    ['AWS_LAMBDA_RUNTIME_API', 'localhost:65536', `${HOST}, but it is "localhost:65536"`],
    ['LOCAL_LAMBDA_HOST', '0.0.0.0', `${LOOPBACK}, but it is "0.0.0.0"`],
    ['LOCAL_LAMBDA_HOST', 'example.com', `${LOOPBACK}, but it is "example.com"`],
    ['LOCAL_LAMBDA_PORT', 'http', 'must be a port number, or 0 for any free port, but it is "http"'],
    ['LOCAL_LAMBDA_PORT', '65536', 'must be a port number, or 0 for any free port, but it is 65536'],
    [
      'LOCAL_LAMBDA_INVOCATION_ENDPOINT',
      'invoke',
      'must be a path that begins with /, for example /invoke, but it is "invoke"',
    ],
  ])('%s=%s is refused', (variable, value, fault) => {
    // With a Runtime API, the variables of the local server are ignored.
    if (variable.startsWith('LOCAL_')) vi.stubEnv('AWS_LAMBDA_RUNTIME_API', undefined);
    vi.stubEnv(variable, value);
    expect(faultsOf({})).toEqual([`environment variable ${variable}: ${fault}`]);
  });

  it.each([
    ['AWS_LAMBDA_NODEJS_WORKER_COUNT', 'many', COUNT, { threads: 8 }],
    ['AWS_LAMBDA_NODEJS_WORKER_COUNT', '0', COUNT, { threads: 8 }],
    [
      'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
      '2G',
      'must be a whole number from 1 to 1048576',
      { memoryMiB: undefined },
    ],
    ['AWS_LAMBDA_FUNCTION_TIMEOUT', '5401', TIMEOUT, { local: { timeoutMs: 30_000 } }],
    ['AWS_LAMBDA_FUNCTION_TIMEOUT', '3s', TIMEOUT, { local: { timeoutMs: 30_000 } }],
    [
      'AWS_LAMBDA_LOG_LEVEL',
      'LOUD',
      'must be TRACE, DEBUG, INFO, WARN, ERROR or FATAL',
      { logLevel: 'INFO' },
    ],
    ['AWS_LAMBDA_LOG_FORMAT', 'XML', 'must be JSON or Text', { logFormat: 'JSON' }],
    [
      '_LAMBDA_TELEMETRY_LOG_FD',
      'x',
      'must be the number of a file descriptor',
      { logTarget: { kind: 'stdout' } },
    ],
  ])('%s=%s counts as absent and is reported as ignored', (variable, value, must, config) => {
    const env = { AWS_LAMBDA_RUNTIME_API: 'a:1', AWS_LAMBDA_MAX_CONCURRENCY: '8', [variable]: value };
    expect(readConfig({ kind: 'file', workerFile: 'x.js' }, {}, env)).toMatchObject({
      ...config,
      ignored: [{ variable, value, must }],
    });
  });

  it.each([
    ['AWS_LAMBDA_LOG_LEVEL', 'info', { logLevel: 'INFO', handlerLogLevel: 'INFO' }],
    ['AWS_LAMBDA_LOG_LEVEL', 'Warn', { logLevel: 'WARN', handlerLogLevel: 'WARN' }],
    ['AWS_LAMBDA_LOG_FORMAT', 'text', { logFormat: 'TEXT' }],
    ['AWS_LAMBDA_FUNCTION_TIMEOUT', '3600', { local: { timeoutMs: 3_600_000 } }],
    ['AWS_LAMBDA_FUNCTION_TIMEOUT', '5400', { local: { timeoutMs: 5_400_000 } }],
  ])('%s=%s is accepted', (variable, value, config) => {
    const env = { AWS_LAMBDA_RUNTIME_API: 'a:1', [variable]: value };
    expect(readConfig({ kind: 'file', workerFile: 'x.js' }, {}, env)).toMatchObject({
      ...config,
      ignored: [],
    });
  });

  it('AWS_LAMBDA_RUNTIME_API yields to the option; without either, the local server is configured', () => {
    const file = { kind: 'file', workerFile: 'x.js' } as const;
    const api = { AWS_LAMBDA_RUNTIME_API: 'a:1' };
    expect(readConfig(file, { runtimeApi: '[::1]:9001' }, api).runtimeApi).toBe('[::1]:9001');
    expect(readConfig(file, {}, api).runtimeApi).toBe('a:1');
    expect(readConfig(file, { concurrency: 1 }, { AWS_LAMBDA_RUNTIME_API: '' })).toMatchObject({
      runtimeApi: undefined,
      local: {
        host: '127.0.0.1',
        port: 7000,
        invocationEndpoint: '/invoke',
        functionName: 'function',
        timeoutMs: 30_000,
        concurrency: 1,
      },
    });
  });

  it('LOCAL_LAMBDA_… is ignored if there is a Runtime API, even with an invalid value', () => {
    const env = { AWS_LAMBDA_RUNTIME_API: 'a:1', LOCAL_LAMBDA_HOST: '0.0.0.0', LOCAL_LAMBDA_PORT: 'http' };
    const file = { kind: 'file', workerFile: 'x.js' } as const;
    expect(readConfig(file, {}, env).ignored.map(({ variable }) => variable)).toEqual([
      'LOCAL_LAMBDA_HOST',
      'LOCAL_LAMBDA_PORT',
    ]);
    expect(() => readConfig(file, {}, { ...env, AWS_LAMBDA_RUNTIME_API: undefined })).toThrow(
      /LOCAL_LAMBDA_PORT/,
    );
  });

  it('LOCAL_LAMBDA_… and the variables of the function configure the local server', () => {
    const file = { kind: 'file', workerFile: 'x.js' } as const;
    const env = {
      LOCAL_LAMBDA_HOST: '::1',
      LOCAL_LAMBDA_PORT: '0',
      LOCAL_LAMBDA_INVOCATION_ENDPOINT: '/2015/do',
      AWS_LAMBDA_FUNCTION_NAME: 'resize',
      AWS_LAMBDA_FUNCTION_TIMEOUT: '900',
      AWS_LAMBDA_MAX_CONCURRENCY: '4',
    };
    expect(readConfig(file, {}, env).local).toEqual({
      host: '::1',
      port: 0,
      invocationEndpoint: '/2015/do',
      functionName: 'resize',
      timeoutMs: 900_000,
      concurrency: 4,
      invocationsPerThread: 1,
    });
  });

  it.each([
    ['--max-old-space-size=512', { maxOldGenerationSizeMb: 512 }],
    [
      '--enable-source-maps --max_old_space_size=512 --max-old-space-size=256',
      { maxOldGenerationSizeMb: 256 },
    ],
    // The size of the young generation applies only to the main thread.
    ['"--max-heap-size=700" --max-semi-space-size=16', { maxOldGenerationSizeMb: 700 }],
    [
      '--max-old-space-size=512 --max-old-space-size-percentage=50',
      { maxOldGenerationSizeMb: Math.floor(MACHINE_MIB / 2) },
    ],
    ['--max-old-space-size=0', { maxOldGenerationSizeMb: 409 }],
    ['--import ./max-old-space-size=7.js', { maxOldGenerationSizeMb: 409 }],
  ])('NODE_OPTIONS=%s: a valid heap flag is the limit of each thread', (nodeOptions, resourceLimits) => {
    const file = { kind: 'file', workerFile: 'x.js' } as const;
    const env = {
      NODE_OPTIONS: nodeOptions,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024',
      AWS_LAMBDA_MAX_CONCURRENCY: '2',
    };
    expect(readConfig(file, {}, env).resourceLimits).toEqual(resourceLimits);
    const options = { resourceLimits: { maxOldGenerationSizeMb: 100 } };
    expect(readConfig(file, options, env).resourceLimits).toMatchObject(options.resourceLimits);
    const omitted = { resourceLimits: { maxOldGenerationSizeMb: undefined } };
    expect(readConfig(file, omitted, env).resourceLimits).toEqual(resourceLimits);
  });

  it('that is empty counts as absent', () => {
    vi.stubEnv('AWS_LAMBDA_MAX_CONCURRENCY', '');
    vi.stubEnv('AWS_LAMBDA_LOG_LEVEL', '');
    expect(() => createManagedRuntime('x.js')).not.toThrow();
  });
});

describe('an option', () => {
  it.each<[option: string, value: unknown, fault: string]>([
    ['handler', 1, 'must be a string, but it is 1'],
    ['handler', '', 'must not be empty, but it is ""'],
    ['codec', 1, `${MODULE}, but it is 1`],
    ['concurrency', '8', `${COUNT}, but it is "8"`],
    ['concurrency', 0, `${COUNT}, but it is 0`],
    ['concurrency', 1601, `${COUNT}, but it is 1601`],
    ['concurrency', 1.5, `${COUNT}, but it is 1.5`],
    ['concurrency', Number.NaN, `${COUNT}, but it is NaN`],
    ['threads', -1, `${COUNT}, but it is -1`],
    ['threads', '2', `${COUNT}, but it is "2"`],
    ['invocationsPerThread', 0, `${COUNT}, but it is 0`],
    ['invocationsPerThread', true, `${COUNT}, but it is true`],
    ['signal', {}, 'must be an AbortSignal, but it is [object Object]'],
    ['runtimeApi', 9001, 'must be host:port, but it is 9001'],
    ['runtimeApi', 'localhost', `${HOST}, but it is "localhost"`],
    ['runtimeApi', 'a b:1', `${HOST}, but it is "a b:1"`],
    ['logger', console, 'must be a pino logger, but it is [object console]'],
    ['outputTimeoutMs', -1, 'must be a number of milliseconds, 0 or more, but it is -1'],
    ['logInvocations', 'no', `must be 'failures', 'all', 'none', true or false, but it is "no"`],
    ['deadlineMarginMs', '1s', 'must be a number of milliseconds, but it is "1s"'],
    ['deadlineGraceMs', -1, 'must be a number of milliseconds, 0 or more, but it is -1'],
    ['onDeadline', 'ignore', "must be 'terminate', 'keep' or 'exit', but it is \"ignore\""],
    ['initTimeoutMs', null, 'must be a number of milliseconds, but it is null'],
    [
      'threadRecoveryTimeoutMs',
      Number.POSITIVE_INFINITY,
      'must be a number of milliseconds, at most 2147483647, but it is Infinity',
    ],
    ['shutdownTimeoutMs', '500', 'must be a number of milliseconds, but it is "500"'],
    ['registerExtension', 'yes', 'must be true or false, but it is "yes"'],
    [
      'maxInvocationsPerThread',
      0,
      `must be a whole number from 1 to ${Number.MAX_SAFE_INTEGER}, but it is 0`,
    ],
    ['maxThreadHeapMb', 0, 'must be a number of MiB, 1 or more, but it is 0'],
    ['preload', 'sharp', 'must be an array of modules, but it is "sharp"'],
    ['services', 1, `${MODULE}, but it is 1`],
    ['services', '', 'must not be empty, but it is ""'],
    ['sharedData', {}, `${MODULE}, but it is [object Object]`],
    ['onShutdown', 'later', 'must be a function, but it is "later"'],
  ])('%s: %s is refused', (option, value, fault) => {
    expect(faultsOf({ [option]: value })).toEqual([`option ${option}: ${fault}`]);
  });

  it('that is unknown is refused, and the error names it', () => {
    expect(faultsOf({ concurency: 8 })).toEqual([expect.stringMatching(/^option concurency: is not known/)]);
    const resourceLimits = { maxHeapMb: 8 };
    expect(faultsOf({ resourceLimits })).toEqual([
      expect.stringMatching(/^option resourceLimits\.maxHeapMb: is not known/),
    ]);
  });

  it('that is nested is named by its path in the error', () => {
    expect(faultsOf({ preload: ['sharp', 1], resourceLimits: { stackSizeMb: 'big' } })).toEqual([
      'option resourceLimits.stackSizeMb: must be a number of MiB, but it is "big"',
      `option preload.1: ${MODULE}, but it is 1`,
    ]);
  });

  it.each([null, 1, 'index.handler'])('object that is %o is refused', (options) => {
    const made = () => createManagedRuntime('x.js', options as ManagedRuntimeOptions);
    expect(made).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  it('that names a package is looked up from the working directory', () => {
    const options = { preload: ['pino'], services: 'piscina' };
    expect(readConfig({ kind: 'file', workerFile: 'x.js' }, options, {})).toMatchObject({
      preload: [expect.stringMatching(/^file:.*\/node_modules\/pino\//)],
      services: expect.stringMatching(/^file:.*\/node_modules\/piscina\//),
    });
    expect(() => createManagedRuntime('x.js', { services: 'not-there' })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: `The module "not-there" cannot be found from ${process.cwd()}.`,
      }),
    );
  });

  it('that is undefined counts as absent', () => {
    expect(() => createManagedRuntime('x.js', { concurrency: undefined, logger: undefined })).not.toThrow();
  });

  it('takes precedence over its environment variable', () => {
    const env = { AWS_LAMBDA_RUNTIME_API: 'a:1', AWS_LAMBDA_MAX_CONCURRENCY: '64' };
    const file = { kind: 'file', workerFile: 'x.js' } as const;
    expect(readConfig(file, { runtimeApi: 'b:2', concurrency: 8 }, env)).toMatchObject({
      runtimeApi: 'b:2',
      concurrency: 8,
    });
  });
});

it('all invalid options and variables are reported at once, each by its name', () => {
  vi.stubEnv('AWS_LAMBDA_MAX_CONCURRENCY', 'abc');
  vi.stubEnv('AWS_LAMBDA_RUNTIME_API', 'nowhere');
  expect(faultsOf({ threads: -1, handler: 1, typo: 1 })).toEqual([
    'option handler: must be a string, but it is 1',
    `option threads: ${COUNT}, but it is -1`,
    expect.stringMatching(/^option typo: is not known/),
    `environment variable AWS_LAMBDA_RUNTIME_API: ${HOST}, but it is "nowhere"`,
    `environment variable AWS_LAMBDA_MAX_CONCURRENCY: ${COUNT}, but it is "abc"`,
  ]);
});

describe('a worker file', () => {
  it.each([[undefined], [42], [null], [new URL('https://example.com/handler.js')], ['file://host/x.mjs']])(
    'that is %o is refused',
    (workerFile) => {
      const made = () => createManagedRuntime(workerFile as unknown as string);
      expect(made).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    },
  );

  it.each(MODES)(
    'that is missing fails the init with an error that names the path, in %s',
    async (_mode, more) => {
      await using runtime = await startBootstrap('dir/absent.mjs', {}, more);
      expect(await runtime.exited).toMatchObject({ code: 1 });
      expect(runtime.api.initErrors).toHaveLength(1);
      expect(runtime.api.initErrors[0]?.error).toMatchObject({
        errorType: 'Runtime.ImportModuleError',
        errorMessage:
          `There is no worker file: looked for ${HANDLERS}dir/absent.mjs ` +
          `(given as "dir/absent.mjs", working directory ${HANDLERS.slice(0, -1)}). There is no directory ${HANDLERS}dir.`,
      });
    },
  );
});

describe('slots', () => {
  it.each([
    [{}, {}, { slots: 1, threads: 1, invocationsPerThread: 1 }],
    [{ concurrency: 8 }, {}, { slots: 8, threads: 8, invocationsPerThread: 1 }],
    [{ concurrency: 8, threads: 3 }, {}, { slots: 8, threads: 3, invocationsPerThread: 3 }],
    [{ concurrency: 8, invocationsPerThread: 3 }, {}, { slots: 8, threads: 3, invocationsPerThread: 3 }],
    [
      { concurrency: 8, threads: 2, invocationsPerThread: 3 },
      {},
      { slots: 6, threads: 2, invocationsPerThread: 3 },
    ],
    [{ concurrency: 4, threads: 9 }, {}, { slots: 4, threads: 4, invocationsPerThread: 1 }],
    [{}, { AWS_LAMBDA_NODEJS_WORKER_COUNT: '2' }, { slots: 1, threads: 1, invocationsPerThread: 1 }],
    [
      { concurrency: 9 },
      { AWS_LAMBDA_NODEJS_WORKER_COUNT: '2' },
      { slots: 9, threads: 2, invocationsPerThread: 5 },
    ],
    [
      {},
      { AWS_LAMBDA_MAX_CONCURRENCY: '1600', AWS_LAMBDA_NODEJS_WORKER_COUNT: '16' },
      { slots: 1600, threads: 16, invocationsPerThread: 100 },
    ],
  ])('with the options %j and the environment %j: %j', (options, env, expected) => {
    const file = { kind: 'file', workerFile: 'x.js' } as const;
    expect(readConfig(file, options, { AWS_LAMBDA_RUNTIME_API: 'a:1', ...env })).toMatchObject(expected);
  });
});

describe('a concurrency of 1', () => {
  const CONCURRENCY = { AWS_LAMBDA_MAX_CONCURRENCY: '1' };
  const WORKER = { AWS_LAMBDA_NODEJS_WORKER_COUNT: '1' };

  it.each([
    [{ threads: 1 }, {}],
    [{ threads: 1, concurrency: 1 }, {}],
    [{ threads: 1 }, CONCURRENCY],
    [{ threads: 1 }, { AWS_LAMBDA_NODEJS_WORKER_COUNT: '8' }],
    [{}, { ...CONCURRENCY, ...WORKER }],
  ])('uses one thread with %j and %j', (options, env) => {
    const file = { kind: 'file', workerFile: 'x.js' } as const;
    const oneThread = { slots: 1, threads: 1, invocationsPerThread: 1, inThreads: true };
    expect(readConfig(file, options, env)).toMatchObject(oneThread);
  });

  it.each([
    [{}, { AWS_LAMBDA_RUNTIME_API: 'a:1' }],
    [{ runtimeApi: 'a:1' }, {}],
    [{}, CONCURRENCY],
    [{}, WORKER],
    [{ concurrency: 1 }, WORKER],
    [{ concurrency: 1 }, { ...WORKER, AWS_LAMBDA_MAX_CONCURRENCY: '8' }],
    [{}, { ...CONCURRENCY, AWS_LAMBDA_NODEJS_WORKER_COUNT: '8' }],
    [{ threads: 8 }, {}],
    [{ threads: 8 }, { ...CONCURRENCY, ...WORKER }],
  ])('uses the main thread with %j and %j', (options, env) => {
    const file = { kind: 'file', workerFile: 'x.js' } as const;
    expect(readConfig(file, options, env).inThreads).toBe(false);
  });

  it('is not the default in local mode, which has a slot for each core', () => {
    const file = { kind: 'file', workerFile: 'x.js' } as const;
    const slots = Math.max(2, availableParallelism());
    expect(readConfig(file, {}, {})).toMatchObject({ slots, threads: slots, inThreads: true });
  });
});

it('the path of a codec may contain characters that a URL escapes', () => {
  const file = { kind: 'file', workerFile: 'x.js' } as const;
  const codec = '/tmp/100% #1?/codec.mjs';
  const config = readConfig(file, { codec }, { AWS_LAMBDA_RUNTIME_API: 'a:1' });
  expect(config.codec).toBe(pathToFileURL(codec).href);
});

/** The lines of the error that lists the faults. */
function faultsOf(options: object): string[] {
  try {
    createManagedRuntime('x.js', options);
  } catch (error) {
    expect(error).toBeInstanceOf(ManagedRuntimeError);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', name: 'ManagedRuntimeError' });
    const [title, ...faults] = (error as Error).message.split('\n  - ');
    expect(title).toBe('The configuration is invalid:');
    return faults;
  }
  throw new Error('The configuration was accepted.');
}
