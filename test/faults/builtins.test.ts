import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ManagedRuntimeOptions } from '../../src/config/options.ts';
import { startBootstrap, startRuntime } from '../helpers/start-runtime.ts';
import type { RunningRuntime, RuntimeOptions } from '../helpers/start-runtime.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import { openPipe } from '../logging/outlets.ts';
import { FULL, posted } from './fault-runtime.ts';

/** Without the slow cases, the layout that is least error-prone is left out. */
const LAYOUTS: readonly { readonly mode: string; readonly layout: ManagedRuntimeOptions }[] = [
  { mode: 'single mode', layout: { concurrency: 1 } },
  ...(FULL ? [{ mode: 'a thread', layout: { concurrency: 2, threads: 1 } }] : []),
  { mode: 'a shared thread', layout: { concurrency: 2, threads: 1, invocationsPerThread: 2 } },
];

/** The signal aborts half a second after the event, and the runtime answers long before the platform. */
const EARLY_DEADLINE = { deadlineMarginMs: 19_500, deadlineGraceMs: 1_000 };
const timed = { timeoutMs: 20_000 };

describe.each(LAYOUTS)('after a preload has wrapped built-in functions, in $mode', ({ layout }) => {
  it.each(['wrappers.cjs', 'wrappers-without-results.cjs'])(
    '%s: each line is written once, whether the output is a socket, a pipe or a file',
    async (preload) => {
      for (const open of [openSocketOutlet, openPipeOutlet, openFileOutlet]) {
        await using outlet = await open();
        const env = { NODE_OPTIONS: `--require ${preloadPath(preload)}` };
        await using runtime = await startBootstrap(
          'logs.mjs',
          { ...layout, logInvocations: 'all' },
          { env, ...outlet.options },
        );
        outlet.started();
        await runtime.whenPolling(1);
        await runtime.invoke({ do: 'streams' });
        await runtime.invoke({ do: 'interleaved', lines: 5 }, { requestId: 'logs' });
        await runtime.stop();
        const lines = await outlet.lines(runtime);
        expect(occurrences(lines, /"The runtime is ready"/)).toBe(1);
        expect(occurrences(lines, /"Invocation ended"/)).toBe(2);
        expect(occurrences(lines, /"Stopping"/)).toBe(1);
        expect(occurrences(lines, /^partial, then whole$/)).toBe(1);
        expect(occurrences(lines, /"id":"logs"/)).toBe(5);
      }
    },
  );
});

describe.each(LAYOUTS)('after the handler has replaced built-in functions, in $mode', ({ layout }) => {
  it.each(['timers', 'clock', 'promise', 'json', 'process', 'fs', 'console', 'prototypes'])(
    '%s: invocations are answered, deadlines apply, lines are written, and hooks run',
    async (what) => {
      await using runtime = await start(layout);
      const remaining = () => runtime.response('{"do":"remaining"}', timed);
      await call(runtime, { do: 'replace', what });
      // With JSON replaced, no result can be serialized.
      if (what !== 'json') {
        const ms = JSON.parse((await remaining()).body.toString()) as number;
        expect(ms).toBeGreaterThan(0);
        expect(ms).toBeLessThan(20_001);
      }
      await call(runtime, { do: 'background' });
      expect(posted(await call(runtime, { do: 'throw' }))).toMatchObject({
        errorType: 'RangeError',
        stackTrace: expect.arrayContaining([expect.stringMatching(/replaces-builtins\.mjs/)]),
      });
      // If the signal did not abort, the answer at the deadline would be an error.
      const aborted = await call(runtime, { do: 'signal' }, timed);
      expect(aborted.status).toBe(what === 'json' ? 'error' : 'response');
      await call(runtime, { do: 'log' }, { requestId: 'logs' });
      if (what !== 'console') {
        const line = await runtime.whenLogged(/^a line$/);
        expect(line['requestId']).toBe('logs');
        expect(Date.parse(String(line['timestamp']))).toBeGreaterThan(Date.now() - 600_000);
      }
      expect(posted(await call(runtime, { do: 'hang' }, timed))).toMatchObject({
        errorType: 'Runtime.DeadlineExceeded',
      });
      if (layout.concurrency === 1) return;
      await call(runtime, { do: 'replace', what });
      expect(await runtime.stop()).toEqual({ code: 0, signal: null });
      expect(runtime.output.stdout).toContain('the hook ran\n');
    },
  );

  it.each(['timers', 'clock', 'promise', 'process', 'fs', 'prototypes'])(
    '%s: responses are streamed completely',
    async (what) => {
      await using runtime = await start({ ...layout, handler: 'streaming' });
      for (const event of [{ do: 'replace', what }, { do: 'log' }, { do: 'log' }]) {
        const { body } = await runtime.response(JSON.stringify(event), { timeoutMs: 60_000 });
        expect(body.length).toBe(500_000);
      }
      expect(await runtime.stop()).toEqual({ code: 0, signal: null });
      expect(runtime.output.stdout).toContain('the hook ran\n');
    },
  );
});

it('the command exits with code 0 although the handler has replaced process.exit', async () => {
  await using runtime = await startRuntime({ handler: 'replaces-builtins.handler', concurrency: 1 });
  await runtime.invoke({ do: 'replace', what: 'process' });
  expect(await runtime.stop()).toEqual({ code: 0, signal: null });
});

function start(layout: ManagedRuntimeOptions): Promise<RunningRuntime> {
  return startBootstrap('replaces-builtins.mjs', { ...layout, ...EARLY_DEADLINE });
}

function call(runtime: RunningRuntime, event: object, options: object = {}) {
  return runtime.unlessExited(runtime.api.invoke(JSON.stringify(event), { whenCapacity: true, ...options }));
}

function occurrences(lines: readonly string[], line: RegExp): number {
  return lines.filter((each) => line.test(each)).length;
}

function preloadPath(name: string): string {
  return fileURLToPath(new URL(`../fixtures/preloads/${name}`, import.meta.url));
}

/** The kind of output that stdout of a runtime is. */
interface Outlet extends AsyncDisposable {
  readonly options: RuntimeOptions;
  started(): void;
  lines(runtime: RunningRuntime): Promise<string[]>;
}

/** `fork` implements a pipe as a socket. */
async function openSocketOutlet(): Promise<Outlet> {
  return {
    options: {},
    started: () => undefined,
    lines: async (runtime) => runtime.output.stdout.split('\n'),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function openPipeOutlet(): Promise<Outlet> {
  const pipe = await openPipe();
  return {
    options: { stdio: ['ignore', pipe.fd, 'pipe', 'ipc'] },
    started() {
      pipe.release();
      pipe.reader.open();
    },
    async lines() {
      await pipe.reader.ended;
      return pipe.reader.lines;
    },
    [Symbol.asyncDispose]: () => pipe[Symbol.asyncDispose](),
  };
}

async function openFileOutlet(): Promise<Outlet> {
  const root = await makeTaskRoot();
  const path = join(root.path, 'lines.log');
  const fd = openSync(path, 'a');
  return {
    options: { stdio: ['ignore', fd, 'pipe', 'ipc'] },
    started: () => closeSync(fd),
    lines: async () => readFileSync(path, 'utf8').split('\n'),
    [Symbol.asyncDispose]: () => root[Symbol.asyncDispose](),
  };
}
