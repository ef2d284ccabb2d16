import type { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { startRuntimeApiServer } from '../src/local/runtime-api-server.ts';
import { start } from './helpers/child-process.ts';
import { entryFile, sourceFile } from './helpers/package-files.ts';
import { startHost } from './helpers/start-host.ts';
import {
  MODES,
  POLL_OPTIONS,
  RunningRuntime,
  startBootstrap,
  startRuntime,
} from './helpers/start-runtime.ts';
import { makeTaskRoot } from './helpers/task-root.ts';

const COMMAND = sourceFile('src/cli/main.ts');

describe('values that Lambda or its client tolerates', () => {
  it.each(MODES)('are ignored in %s, with one WARN line each', async (_mode, { concurrency = 1, env }) => {
    await using runtime = await startRuntime({
      handler: 'echo.handler',
      concurrency,
      env: {
        ...env,
        AWS_LAMBDA_LOG_LEVEL: 'loud',
        AWS_LAMBDA_LOG_FORMAT: 'xml',
        AWS_LAMBDA_FUNCTION_TIMEOUT: '3s',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '2G',
        _LAMBDA_TELEMETRY_LOG_FD: '-1',
      },
    });
    expect(await runtime.invoke(1)).toEqual([expect.any(String), 1]);
    const warnings = runtime.log.filter(({ level }) => level === 'WARN');
    expect(warnings.map(({ variable, value }) => [variable, value])).toEqual([
      ['AWS_LAMBDA_FUNCTION_MEMORY_SIZE', '2G'],
      ['AWS_LAMBDA_LOG_LEVEL', 'loud'],
      ['AWS_LAMBDA_LOG_FORMAT', 'xml'],
      ['_LAMBDA_TELEMETRY_LOG_FD', '-1'],
      ['AWS_LAMBDA_FUNCTION_TIMEOUT', '3s'],
    ]);
    expect(warnings[1]).toHaveProperty(
      'message',
      'The environment variable AWS_LAMBDA_LOG_LEVEL is ignored: it must be TRACE, DEBUG, INFO, WARN, ERROR or FATAL',
    );
  });

  it('include log levels in lower case', async () => {
    await using runtime = await startRuntime({
      handler: 'logs.handler',
      env: { AWS_LAMBDA_LOG_LEVEL: 'error', AWS_LAMBDA_FUNCTION_TIMEOUT: '3600' },
    });
    await runtime.invoke({ do: 'levels' });
    await runtime.stop();
    expect(new Set(runtime.log.map(({ level }) => level))).toEqual(new Set(['ERROR', 'FATAL']));
  });
});

describe('an invalid configuration', () => {
  const invalid = {
    errorType: 'Runtime.ConfigInvalid',
    errorMessage:
      'The configuration is invalid:\n' +
      '  - environment variable AWS_LAMBDA_MAX_CONCURRENCY: must be a whole number from 1 to 1600, but it is "many"',
    stackTrace: [],
  };

  it.each(['the command', 'a bootstrap'])(
    'is posted to /init/error once before %s exits with code 1',
    async (which) => {
      const env = { AWS_LAMBDA_MAX_CONCURRENCY: 'many' };
      await using runtime =
        which === 'the command'
          ? await startRuntime({ handler: 'echo.handler', env })
          : await startBootstrap('echo.mjs', {}, { env });
      expect(await runtime.exited).toEqual({ code: 1, signal: null });
      expect(runtime.api.initErrors.map(({ error, rawErrorType }) => ({ error, rawErrorType }))).toEqual([
        { error: invalid, rawErrorType: 'Runtime.ConfigInvalid' },
      ]);
      expect(runtime.output.stderr).toContain(invalid.errorMessage);
    },
  );

  it('is posted before createManagedRuntime throws, so that a bootstrap may exit at once', async () => {
    await using root = await makeTaskRoot({
      'main.mjs': `
        import { createManagedRuntime } from '${pathToFileURL(entryFile('src/index.ts')).href}';
        try {
          createManagedRuntime('echo.mjs', { threads: -1 });
        } catch {
          process.exit(3);
        }`,
    });
    await using runtime = await startFile(`${root.path}/main.mjs`);
    expect(await runtime.exited).toEqual({ code: 3, signal: null });
    expect(runtime.api.initErrors).toMatchObject([
      { answered: 202, error: { errorType: invalid.errorType } },
    ]);
  });

  it.each([
    [['--concurrency', 'many'], /Expected a whole number/],
    [['--env-file', 'absent.env'], /absent\.env/],
    [['--unknown'], /unknown option '--unknown'/],
  ])('includes invalid command-line arguments: %j', async (args, reason) => {
    // Some versions of Node.js look for the file themselves, and exit with 9.
    await using runtime = await startRuntime({ handler: 'echo.handler', args: [...args] });
    expect([1, 9]).toContain((await runtime.exited).code);
    if (runtime.child.exitCode === 9) return;
    expect(runtime.api.initErrors).toMatchObject([
      { error: { errorType: 'Runtime.ConfigInvalid', errorMessage: expect.stringMatching(reason) } },
    ]);
  });

  it('ends the process even if the Runtime API is unreachable or its address is invalid', async () => {
    for (const AWS_LAMBDA_RUNTIME_API of ['127.0.0.1:1', 'nowhere']) {
      const env = { AWS_LAMBDA_RUNTIME_API, AWS_LAMBDA_MAX_CONCURRENCY: 'many' };
      await using runtime = await startRuntime({ handler: 'echo.handler', env });
      expect(await runtime.exited).toEqual({ code: 1, signal: null });
      expect(runtime.output.stderr).toContain('AWS_LAMBDA_MAX_CONCURRENCY: must be');
    }
  });
});

describe('a Node.js that cannot run the runtime:', () => {
  const CASES = [
    [
      'an older one',
      ['--import', new URL('fixtures/bootstraps/old-node.mjs', import.meta.url).href],
      /^lambda-managed-runtime: Node\.js 22\.19 or newer is needed, but this is 22\.18\.0 \(.*node\)\.\n$/,
    ],
    [
      'one without WebAssembly',
      ['--jitless'],
      /^(?:Warning: disabling flag --expose_wasm[^\n]*\n)?lambda-managed-runtime: The HTTP client needs WebAssembly[^\n]*--jitless[^\n]*\n$/,
    ],
    [
      'one whose intrinsics are frozen',
      ['--frozen-intrinsics', '--no-warnings'],
      /^lambda-managed-runtime: The runtime must replace the methods of console[^\n]*--frozen-intrinsics[^\n]*\n$/,
    ],
  ] as const;

  it.each(CASES)(
    '%s: the command prints one line about it and posts an init error',
    async (_which, flags, line) => {
      await using root = await makeTaskRoot();
      // Bundled as in the build, because Node.js itself needs WebAssembly to run TypeScript.
      const outfile = `${root.path}/main.mjs`;
      await build({
        entryPoints: [COMMAND],
        outfile,
        bundle: true,
        external: ['./program.ts'],
        format: 'esm',
        platform: 'node',
      });
      const needsBuild = ([...flags] as string[]).includes('--jitless');
      await using given = await startFile(needsBuild ? outfile : COMMAND, {
        execArgv: flags,
        // Node.js 22 warns about TypeScript sources.
        env: { NODE_NO_WARNINGS: '1' },
      });
      await using preset = await startFile(outfile, { env: { NODE_OPTIONS: flags.join(' ') } });
      for (const runtime of [given, preset]) {
        expect(await runtime.exited).toEqual({ code: 1, signal: null });
        expect(runtime.output.stderr).toMatch(line);
        expect(runtime.output.stdout).toBe('');
        expect(runtime.api.initErrors).toMatchObject([{ error: { errorType: 'Runtime.UnsupportedNode' } }]);
      }
    },
  );

  it('createManagedRuntime throws in a bootstrap and posts an init error', async () => {
    const [[, older], , [, frozen]] = CASES;
    for (const execArgv of [older, frozen]) {
      await using runtime = await startBootstrap('echo.mjs', {}, { execArgv });
      expect(await runtime.exited).toEqual({ code: 1, signal: null });
      expect(runtime.output.stderr).toMatch(
        /ManagedRuntimeError: (Node\.js 22\.19 or newer|The runtime must replace the methods of console)/,
      );
      expect(runtime.api.initErrors).toMatchObject([{ error: { errorType: 'Runtime.ConfigInvalid' } }]);
    }
  });

  it('is excluded by `engines`, which requires at least 22.19', async () => {
    expect(packageJson.engines.node).toBe('>=22.19');
  });

  it('is reported by code that any Node.js loads: no package, no builtin but worker_threads', async () => {
    const { metafile } = await build({
      entryPoints: [COMMAND],
      bundle: true,
      external: ['./program.ts'],
      platform: 'node',
      format: 'esm',
      write: false,
      metafile: true,
      // esbuild refuses newer syntax that it cannot rewrite for this target.
      target: 'node14.8',
      outdir: 'nowhere',
    });
    const [main] = Object.values(metafile.outputs);
    const builtins = main?.imports
      .map(({ path }) => path.replace('node:', ''))
      .filter((path) => path !== './program.ts');
    expect(builtins).toEqual(['worker_threads']);
    expect(Object.keys(metafile.inputs).map((path) => path.replace(/.*\/src\//, 'src/'))).toEqual([
      'src/node-support.ts',
      'src/runtime-api/error-type-header.ts',
      'src/runtime-api/init-error-sync.ts',
      'src/cli/main.ts',
    ]);
  });
});

// Otherwise, each would last until the request times out: a minute, or ten seconds for each try.
describe.each(MODES)(
  'an unresponsive Runtime API does not delay the end, in %s:',
  (_mode, _settings, options) => {
    const limit = { timeout: 30_000 };

    it('stop() while the extension registers', limit, async () => {
      await using host = await startHost({
        prepare: (api) => void api.faults.always('register', { type: 'hang' }),
      });
      const runtime = await host.create({ workerFile: 'echo.mjs', options });
      const run = runtime.run();
      await expect.poll(() => host.process.api.faults.met, POLL_OPTIONS).toBe(1);
      expect(await Promise.all([runtime.stop(), run])).toEqual(['resolved', 'resolved']);
      expect(host.process.api.extensionRegistered).toBe(false);
    });

    it('SIGTERM while the extension registers', limit, async () => {
      await using runtime = await startBootstrap('echo.mjs', options, {
        prepare: (api) => void api.faults.always('register', { type: 'hang' }),
      });
      await expect.poll(() => runtime.api.faults.met, POLL_OPTIONS).toBe(1);
      expect(await runtime.stop()).toEqual({ code: 0, signal: null });
    });

    it('a module that fails while the extension registers', limit, async () => {
      await using runtime = await startBootstrap('fails-to-load.mjs', options, {
        prepare: (api) => void api.faults.always('register', { type: 'hang' }),
      });
      expect(await runtime.exited).toEqual({ code: 1, signal: null });
      expect(runtime.api.initErrors).toHaveLength(1);
    });

    it('SIGTERM while an init error is posted', limit, async () => {
      await using runtime = await startBootstrap('fails-to-load.mjs', options, {
        prepare: (api) => void api.faults.always('init-error', { type: 'hang' }),
      });
      await expect.poll(() => runtime.api.faults.met, POLL_OPTIONS).toBe(1);
      expect(await runtime.stop()).toEqual({ code: 1, signal: null });
    });

    it('SIGTERM after the Runtime API has gone', limit, async () => {
      await using runtime = await startBootstrap('echo.mjs', options);
      await runtime.whenPolling(1);
      await runtime.api.close();
      await runtime.whenLogged(/^Polling failed/);
      expect(await runtime.stop()).toEqual({ code: 0, signal: null });
    });
  },
);

describe.each(MODES)('stop() during a start that hangs, in %s,', (_mode, _settings, options) => {
  it.each([
    ['the handler', { workerFile: 'hangs.mjs' }],
    ['the services', { workerFile: 'handler.mjs', services: './hangs.mjs' }],
    ['the shared data', { workerFile: 'handler.mjs', sharedData: './hangs.mjs' }],
    ['a preload', { workerFile: 'handler.mjs', preload: ['./hangs.mjs'] }],
  ])('lets the process end: %s', { timeout: 30_000 }, async (_what, { workerFile, ...modules }) => {
    await using root = await makeTaskRoot({
      'main.mjs': `
        import { createManagedRuntime } from '${pathToFileURL(entryFile('src/index.ts')).href}';
        const options = ${JSON.stringify({ ...options, ...modules, initTimeoutMs: 3_600_000 })};
        const runtime = createManagedRuntime('${workerFile}', options);
        const run = runtime.run();
        process.once('message', async () => {
          await runtime.stop();
          await run;
          process.disconnect();
        });`,
      'hangs.mjs': `
        console.log('loading');
        await new Promise(() => undefined);`,
      'handler.mjs': 'export const handler = async () => undefined;',
    });
    await using runtime = await startFile(`${root.path}/main.mjs`, { cwd: root.path });
    await expect.poll(() => runtime.output.stdout, POLL_OPTIONS).toContain('loading');
    runtime.child.send('stop');
    expect(await runtime.exited).toEqual({ code: 0, signal: null });
  });
});

describe('a second runtime in the process', () => {
  it('runs and stops after the first one failed to open its log', async () => {
    await using host = await startHost({
      sources: true,
      env: { _LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET: '/not/there.sock' },
      execArgv: ['--import', new URL('fixtures/bootstraps/no-log.mjs', import.meta.url).href],
    });
    const first = await host.create({ workerFile: 'echo.mjs', options: { concurrency: 1 } });
    const run = first.run();
    expect(await run).toMatchObject({ message: 'EMFILE: too many open files' });
    expect(await first.stop()).toBe('resolved');
    const second = await host.create({ workerFile: 'echo.mjs', options: { concurrency: 1 } });
    const running = second.run();
    expect(await host.process.invoke(1)).toEqual([expect.any(String), 1]);
    await second.stop();
    expect(await running).toBe('resolved');
  });

  it('does not get the services of the first one', async () => {
    await using host = await startHost();
    const settings = { workerFile: 'asks-for-services.mjs', options: { concurrency: 1 } };
    const services = fileURLToPath(new URL('fixtures/sharing/services.ts', import.meta.url));
    const first = await host.create({ ...settings, options: { ...settings.options, services } });
    const firstRun = first.run();
    expect(await host.process.invoke(1)).toBe('1.2');
    await first.stop();
    await firstRun;
    const second = await host.create(settings);
    const secondRun = second.run();
    expect((await host.process.failure(1)).error?.errorMessage).toMatch(/^There are no services/);
    await second.stop();
    expect(await secondRun).toBe('resolved');
  });

  it.each(MODES)('logs to the same descriptor, in %s', async (_mode, _settings, options) => {
    await using host = await startHost({
      env: { _LAMBDA_TELEMETRY_LOG_FD: '4' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc', 'pipe'],
    });
    let frames = '';
    (host.process.child.stdio[4] as Readable).on('data', (bytes: Buffer) => (frames += bytes.toString()));
    const settings = { workerFile: 'logs.mjs', options };
    // Both have read the environment before the first one runs.
    const runtimes = [await host.create(settings), await host.create(settings)];
    runtimes.push(await host.create(settings));
    for (const [n, runtime] of runtimes.entries()) {
      const run = runtime.run();
      await host.process.invoke({ do: 'text', text: `of the runtime ${n}` });
      await host.process.invoke({ do: 'logger' });
      expect(await host.process.invoke({ do: 'variable' })).toBe(null);
      await runtime.stop();
      expect(await run).toBe('resolved');
      await expect.poll(() => frames, POLL_OPTIONS).toContain(`of the runtime ${n}`);
      await expect.poll(() => frames.match(/a child/g), POLL_OPTIONS).toHaveLength(n + 1);
    }
    expect(host.process.output.stdout).toBe('');
  });
});

/** Starts a script with a local Runtime API. */
async function startFile(
  file: string,
  {
    cwd,
    execArgv = [],
    env = {},
  }: {
    readonly cwd?: string;
    readonly execArgv?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<RunningRuntime> {
  const api = await startRuntimeApiServer();
  const child = start(file, [], { cwd, execArgv, env: { AWS_LAMBDA_RUNTIME_API: api.address, ...env } });
  return new RunningRuntime(api, child);
}
