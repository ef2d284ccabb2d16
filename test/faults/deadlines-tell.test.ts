/** What the error at a deadline says about the handler, for each way not to settle and each module format. */
import { buildSync } from 'esbuild';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InvokeError } from '../../src/local/invoke.ts';
import { canProfileThreads } from '../../src/pool/cpu-profile.ts';
import type { LogLine } from '../helpers/process-output.ts';
import { POLL_OPTIONS, startRuntime } from '../helpers/start-runtime.ts';
import type { RunningRuntime, RuntimeOptions } from '../helpers/start-runtime.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import type { TaskRoot } from '../helpers/task-root.ts';
import { responses, startLayout, statuses } from './fault-runtime.ts';

const SOURCES = fileURLToPath(new URL('../fixtures/deadlines/', import.meta.url));
const TYPESCRIPT = readFileSync(`${SOURCES}index.ts`, 'utf8');
const COMMONJS = readFileSync(`${SOURCES}index.cjs`, 'utf8');

/** The time of an invocation. The Runtime API waits longer, so that a slow machine does not get a timeout. */
const DEADLINE = { deadlineInMs: 3_000 };

/** The number of the line of a source that contains the text. */
function lineOf(text: string, source = TYPESCRIPT): number {
  return source.split('\n').findIndex((line) => line.includes(text)) + 1;
}

async function failAt(runtime: RunningRuntime, event: object): Promise<InvokeError> {
  const error = await runtime.failure(event, DEADLINE);
  expect(error).toMatchObject({ rawErrorType: 'Runtime.DeadlineExceeded' });
  return error;
}

/** The lines that say what the thread was doing: with the error, or after it if the machine was slow. */
function linesAbout(runtime: RunningRuntime, { requestId }: InvokeError): LogLine[] {
  const said = /^(An invocation missed its deadline|What the thread was doing at the missed deadline)$/;
  return runtime.log.filter((line) => line['requestId'] === requestId && said.test(String(line['message'])));
}

/** Expects that the stack begins with these frames, without indentation. */
async function expectStack(runtime: RunningRuntime, error: InvokeError, frames: readonly unknown[]) {
  const stacks = () =>
    linesAbout(runtime, error).map(({ stackTrace = [] }) =>
      (stackTrace as string[]).map((frame) => frame.trim()).filter((frame) => frame.startsWith('at ')),
    );
  const expected = frames.map((frame) => expect.stringMatching(frame as RegExp));
  await expect
    .poll(() => stacks().map((stack) => stack.slice(0, frames.length)), POLL_OPTIONS)
    .toContainEqual(expected);
  const [atOnce] = linesAbout(runtime, error);
  expect(error.error?.stackTrace).toEqual(atOnce?.['stackTrace'] ?? []);
  expect(error.error?.errorMessage).toBe(atOnce?.['errorMessage']);
}

function escaped(text: string): string {
  return text.replaceAll(/[.\\/()]/g, '\\$&');
}

/** The frame of a function in a file of the path, in one of the lines. */
function frame(name: string, path: string, ...lines: readonly number[]): RegExp {
  return new RegExp(`^at ${name} \\((file://)?${escaped(path)}:(${lines.join('|')})(:\\d+)?\\)$`);
}

/** The lines of the function that runs for most of the time. */
function hotLines(source = TYPESCRIPT): number[] {
  return [lineOf('if (n < 2)', source), lineOf('return fibonacci(', source)];
}

/** A caller is shown with its first line, or with the line of its call if samples of the caller have it. */
function callerLines(source = TYPESCRIPT): number[] {
  return [lineOf('function derive', source), lineOf('for (;;) pbkdf2Sync(', source)];
}

interface Form {
  readonly form: string;
  readonly prepare: (root: TaskRoot) => RuntimeOptions;
  readonly frames: (root: TaskRoot) => {
    readonly spin: readonly RegExp[];
    readonly native: readonly RegExp[];
  };
}

const BUILTIN = /^at pbkdf2Sync \(node:internal\/crypto\/pbkdf2/;

const mapped = (minify: boolean): Form => ({
  form: minify ? 'a minified bundle with a source map' : 'a bundle with a source map',
  prepare: ({ path }) => {
    buildSync({
      entryPoints: [`${path}/index.ts`],
      outfile: `${path}/dist/index.mjs`,
      bundle: true,
      platform: 'node',
      format: 'esm',
      sourcemap: true,
      minify,
    });
    return { handler: 'dist/index.handler', execArgv: ['--enable-source-maps'] };
  },
  frames: ({ path }) => ({
    // All of a minified function is in one line, so only its beginning is known.
    spin: [frame('fibonacci', `${path}/index.ts`, ...(minify ? [lineOf('function fibonacci')] : hotLines()))],
    native: [BUILTIN, frame('derive', `${path}/index.ts`, ...callerLines())],
  }),
});

const FORMS: readonly Form[] = [
  {
    form: 'TypeScript with types stripped',
    prepare: () => ({ handler: 'index.handler' }),
    frames: ({ path }) => ({
      spin: [frame('fibonacci', `${path}/index.ts`, ...hotLines())],
      native: [BUILTIN, frame('derive', `${path}/index.ts`, ...callerLines())],
    }),
  },
  {
    form: 'CommonJS',
    prepare: () => ({ handler: 'common.handler' }),
    frames: ({ path }) => ({
      spin: [frame('fibonacci', `${path}/common.cjs`, ...hotLines(COMMONJS))],
      native: [BUILTIN, frame('derive', `${path}/common.cjs`, ...callerLines(COMMONJS))],
    }),
  },
  mapped(false),
  mapped(true),
];

const FILES = { 'package.json': '{"type":"module"}', 'index.ts': TYPESCRIPT, 'common.cjs': COMMONJS };

describe.runIf(canProfileThreads()).each(FORMS)('$form', ({ prepare, frames }) => {
  let root: TaskRoot;
  let runtime: RunningRuntime;
  beforeAll(async () => {
    root = await makeTaskRoot(FILES);
    runtime = await startRuntime({ taskRoot: root.path, concurrency: 2, ...prepare(root) });
  });
  afterAll(async () => {
    await runtime[Symbol.asyncDispose]();
    await root[Symbol.asyncDispose]();
  });

  it('reports the line that a computing handler runs', async () => {
    await expectStack(runtime, await failAt(runtime, { do: 'spin' }), frames(root).spin);
  });

  it('reports the function that calls native code', async () => {
    await expectStack(runtime, await failAt(runtime, { do: 'native' }), frames(root).native);
  });
});

describe.each([
  { mode: 'in a thread', concurrency: 2 },
  { mode: 'in single mode', concurrency: 1 },
])('a handler that waits, $mode', ({ concurrency }) => {
  let root: TaskRoot;
  let runtime: RunningRuntime;
  const silent = createServer();
  beforeAll(async () => {
    silent.listen(0);
    await once(silent, 'listening');
    root = await makeTaskRoot(FILES);
    runtime = await startRuntime({ taskRoot: root.path, concurrency, handler: 'index.handler' });
  });
  afterAll(async () => {
    await runtime[Symbol.asyncDispose]();
    await root[Symbol.asyncDispose]();
    silent.close();
  });

  it.each([
    { way: 'promise', waitingFor: {} },
    { way: 'sleep', waitingFor: { Timeout: 1 } },
    { way: 'socket', waitingFor: { TCPSocketWrap: 1 } },
  ])('for a $way: logs what it waits for', async ({ way, waitingFor }) => {
    const { port } = silent.address() as AddressInfo;
    const error = await failAt(runtime, { do: way, port });
    // In single mode, handlers that were abandoned before still wait.
    const expected = concurrency === 1 ? expect.objectContaining(waitingFor) : waitingFor;
    await expect
      .poll(() => linesAbout(runtime, error).map((line) => line['waitingFor']), POLL_OPTIONS)
      .toContainEqual(expected);
  });
});

it('reports the line of a loop that V8 optimizes while it runs, or the line of its call', async () => {
  await using root = await makeTaskRoot(FILES);
  await using runtime = await startRuntime({ taskRoot: root.path, concurrency: 2, handler: 'index.handler' });
  const error = await failAt(runtime, { do: 'loop' });
  const lines = [lineOf('for (;;) sum'), lineOf('loop: () => loop()')];
  if (canProfileThreads())
    await expectStack(runtime, error, [frame('loop', `${root.path}/index.ts`, ...lines)]);
});

it('says that a handler in one long native call could not be profiled', async () => {
  await using root = await makeTaskRoot(FILES);
  await using runtime = await startRuntime({ taskRoot: root.path, concurrency: 2, handler: 'index.handler' });
  const { error } = await failAt(runtime, { do: 'one native call' });
  expect(error?.errorMessage).toMatch(/: it was blocked and (could not be|was not) profiled/);
  expect(await runtime.invoke({ do: 'healthy' })).toBe('healthy');
});

it('answers late, with the reason, if the handler blocks the main thread past the deadline', async () => {
  await using root = await makeTaskRoot(FILES);
  await using runtime = await startRuntime({ taskRoot: root.path, concurrency: 1, handler: 'index.handler' });
  const { error } = await failAt(runtime, { do: 'block past the deadline' });
  expect(error?.errorMessage).toMatch(
    /: it blocked the main thread, so the runtime could not answer earlier\./,
  );
  expect(await runtime.invoke({ do: 'healthy' })).toBe('healthy');
});

it('warns once, and answers anyway, if Node.js cannot profile threads', async () => {
  await using root = await makeTaskRoot(FILES);
  const preload = new URL('without-profiles.mjs', `file://${SOURCES}`).href;
  const execArgv = ['--import', preload];
  await using runtime = await startRuntime({
    taskRoot: root.path,
    concurrency: 2,
    handler: 'index.handler',
    execArgv,
  });
  for (let round = 0; round < 2; round += 1) {
    const { error } = await failAt(runtime, { do: 'spin' });
    expect(error?.errorMessage).toMatch(
      /was not profiled, because this Node\.js cannot do so\. Check context\./,
    );
  }
  const lines = runtime.log.filter(({ message }) => /cannot profile threads/.test(String(message)));
  expect(lines).toMatchObject([{ level: 'WARN', node: process.versions.node }]);
});

it('profiling a thread does not affect its other invocations', async () => {
  await using runtime = await startLayout({ perThread: 4, threads: 1 }, { options: { onDeadline: 'keep' } });
  const before = await runtime.expectFullCapacity();
  const neighbours = await runtime.neighbours(3);
  const gate = runtime.newGate();
  const error = await runtime.failure({ do: 'compute', gate, ms: 0 }, DEADLINE);
  if (canProfileThreads()) await expectStack(runtime, error, [/^at existsSync|^at compute/]);
  await runtime.open(gate);
  expect(statuses(await neighbours.release())).toEqual(responses(3));
  expect(new Set(await runtime.expectFullCapacity())).toEqual(new Set(before));
  runtime.expectAnsweredOnce();
});
