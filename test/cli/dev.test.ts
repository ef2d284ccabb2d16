import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalRuntime } from '../helpers/start-local.ts';
import { startLocal } from '../helpers/start-local.ts';
import { HANDLERS, POLL_OPTIONS } from '../helpers/start-runtime.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import type { TaskRoot } from '../helpers/task-root.ts';

const handler = (version: string, importing: string) => `
  ${importing}
  import { existsSync } from 'node:fs';
  import { setTimeout as wait } from 'node:timers/promises';
  export const handler = async (event) => {
    if (event.holdUntil !== undefined) {
      console.log('holding');
      while (!existsSync(event.holdUntil)) await wait(10);
    }
    if (event.log) console.log('logged');
    const { FIRST, SECOND, GIVEN } = process.env;
    return { version: '${version}', word, n: event.n, FIRST, SECOND, GIVEN };
  };`;

/** Sends this process what the channels publish. */
const CHANNELS = new URL('../fixtures/observing/channels.ts', import.meta.url).href;
const OBSERVING = `data:text/javascript,${encodeURIComponent(`import { observe } from '${CHANNELS}'; observe();`)}`;

interface Published {
  readonly name: string;
  readonly moment: string;
  readonly context: { readonly cause?: string };
}

const IMPORT = `import { word } from '../lib/word.ts';`;

describe('dev', () => {
  let root: TaskRoot;
  let local: LocalRuntime;
  /** Renames a new file into place, which is one change: a plain write empties the file first. */
  const write = async (file: string, text: string) => {
    await writeFile(`${root.path}/new-text`, text);
    await rename(`${root.path}/new-text`, `${root.path}/${file}`);
  };
  /** Resolves when stderr has been read up to the line about the last answer on stdout. */
  const untilAllIsRead = () => {
    const count = (text: string, what: RegExp) => text.match(what)?.length ?? 0;
    const answers = count(local.output.stdout, /^\{"version"/gm);
    return expect
      .poll(() => count(local.output.stderr, /event\.json: response/g), POLL_OPTIONS)
      .toBe(answers);
  };
  /** The causes with which the runtime replaced threads. */
  const causes: (string | undefined)[] = [];

  beforeAll(async () => {
    root = await makeTaskRoot({
      'app/handler.mts': handler('one', IMPORT),
      'lib/word.ts': `export const word: string = 'A';`,
      'event.json': '{"n":"from the file"}',
      'one.env': 'FIRST=1\nSECOND=1\nGIVEN=1',
      'two.env': 'SECOND=2',
    });
    local = await startLocal({
      args: [
        'dev',
        'app/handler.mts',
        '--concurrency',
        '2',
        '--event',
        'event.json',
        '--env-file',
        'one.env',
        '--env-file',
        'two.env',
      ],
      taskRoot: null,
      cwd: root.path,
      env: { GIVEN: 'by the shell' },
      execArgv: ['--import', OBSERVING],
    });
    local.process.child.on('message', ({ published }: { published?: Published }) => {
      if (published?.name === 'thread' && published.moment === 'asyncEnd')
        causes.push(published.context.cause);
    });
  });
  afterAll(async () => {
    await local[Symbol.asyncDispose]();
    await root[Symbol.asyncDispose]();
  });

  it('invokes with the event at the start, and prints the answer', async () => {
    await local.whenWritten(/"version":"one","word":"A","n":"from the file"/, 'stdout');
  });

  it('reads several --env-file files: later files win, and variables of the shell win over all', async () => {
    expect(await local.invoke({})).toMatchObject({ FIRST: '1', SECOND: '2', GIVEN: 'by the shell' });
  });

  it('loads an edited handler, and lets invocations in flight finish', async () => {
    const gate = `${root.path}/gate`;
    const held = local.invoke({ holdUntil: gate });
    await local.whenWritten(/holding/, 'stdout');
    await write('app/handler.mts', handler('two', IMPORT));
    // The new code has answered the event, although the old code still runs.
    await local.whenWritten(/"version":"two"/, 'stdout');
    await writeFile(gate, '');
    expect(await held).toMatchObject({ version: 'one' });
    expect(await local.invoke({})).toMatchObject({ version: 'two' });
  });

  it('loads an edited import from another directory', async () => {
    await write('lib/word.ts', `export const word: string = 'B';`);
    await local.whenWritten(/"version":"two","word":"B"/, 'stdout');
    expect(await local.invoke({})).toMatchObject({ word: 'B' });
  });

  it('publishes "recycled" as the cause of each replaced thread', async () => {
    await expect.poll(() => causes.length, POLL_OPTIONS).toBeGreaterThanOrEqual(4);
    expect(new Set(causes)).toEqual(new Set(['recycled']));
  });

  it('gives callers the log of their invocation, and logs a line at its end', async () => {
    const { LogResult = '', $metadata } = await local.call({ Payload: '{"log":true}', LogType: 'Tail' });
    const { requestId } = $metadata;
    expect(JSON.parse(Buffer.from(LogResult, 'base64').toString())).toMatchObject({
      requestId,
      message: 'logged',
    });
    const line = expect.objectContaining({ message: 'Invocation ended', requestId });
    await expect.poll(() => local.output.log, POLL_OPTIONS).toContainEqual(line);
  });

  it('keeps running the previous code while the new code cannot be loaded', async () => {
    await write('lib/word.ts', 'export const word = ;');
    await local.whenWritten(/Runtime\.UserCodeSyntaxError[^]*The previous code keeps running/);
    expect(await local.invoke({})).toMatchObject({ word: 'B' });
    await write('lib/word.ts', `export const word: string = 'C';`);
    await local.whenWritten(/"version":"two","word":"C"/, 'stdout');
    expect(await local.invoke({})).toMatchObject({ word: 'C' });
  });

  it('loads an imported file that is created later', async () => {
    const MORE = `${IMPORT} import '../lib/more.ts';`;
    await write('app/handler.mts', handler('three', MORE));
    await local.whenWritten(/Cannot find module '[^']*more\.ts'[^]*The previous code keeps running/);
    await write('lib/more.ts', '');
    await local.whenWritten(/"version":"three"/, 'stdout');
  });

  it('loads the handler after a build has removed and recreated its directory', async () => {
    await rm(`${root.path}/app`, { recursive: true });
    await local.whenWritten(/There is no worker file[^]*The previous code keeps running/);
    await mkdir(`${root.path}/app`);
    await write('app/handler.mts', handler('four', IMPORT));
    await local.whenWritten(/"version":"four"/, 'stdout');
  });

  it('reports each loaded change once, also one that arrives while another is loading', async () => {
    const told = () => local.output.stderr.match(/The code has changed/g)?.length ?? 0;
    await untilAllIsRead();
    const before = told();
    const slow = `console.log('loading slowly'); await new Promise(() => setInterval(() => {}, 1000));`;
    await write('app/handler.mts', slow);
    await local.whenWritten(/loading slowly/, 'stdout');
    await write('app/handler.mts', handler('five', IMPORT));
    await local.whenWritten(/"version":"five"/, 'stdout');
    await write('app/handler.mts', handler('six', IMPORT));
    await local.whenWritten(/"version":"six"/, 'stdout');
    await untilAllIsRead();
    expect(told() - before).toBe(2);
  });

  it('invokes again when the event changes, without replacing threads', async () => {
    await untilAllIsRead();
    const { length } = local.output.stderr;
    await write('event.json', '{"n":"another event"}');
    await local.whenWritten(/The event has changed/);
    await local.whenWritten(/"n":"another event"/, 'stdout');
    await untilAllIsRead();
    expect(local.output.stderr.slice(length)).not.toContain('The code has changed');
  });

  it('reports what is wrong with the event file', async () => {
    await write('event.json', '{');
    await local.whenWritten(/dev: event\.json: .*JSON/);
  });

  it('exits with code 0 on Ctrl-C', async () => {
    expect(await local.interrupt()).toMatchObject({ code: 0 });
  });
});

it('dev keeps running the previous code even if memory does not allow an additional thread', async () => {
  await using root = await makeTaskRoot({
    'met/.keep': '',
    'handler.mjs': `
      import { readdirSync, writeFileSync } from 'node:fs';
      import { setTimeout as wait } from 'node:timers/promises';
      import { threadId } from 'node:worker_threads';
      export const handler = async ({ fill }) => {
        writeFileSync('met/' + threadId, '');
        while (readdirSync('met').length < 3) await wait(10);
        if (fill) globalThis.held = new Uint8Array(new SharedArrayBuffer(300 * 1024 * 1024)).fill(1);
        return 'the first code';
      };`,
  });
  await using local = await startLocal({
    args: ['dev', 'handler.mjs', '--concurrency', '2'],
    taskRoot: null,
    cwd: root.path,
    env: { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '700' },
  });
  // Both threads have started.
  await Promise.all([local.invoke({}), local.invoke({ fill: true })]);
  await writeFile(`${root.path}/handler.mjs`, `throw new Error('broken');`);
  await local.whenWritten(/broken[^]*The previous code keeps running/);
  expect(await local.invoke({})).toBe('the first code');
});

it('dev waits for a change if the code cannot be loaded at the start, and tells callers why', async () => {
  await using root = await makeTaskRoot({ 'handler.cjs': 'exports.handler = async ( => 1;' });
  await using local = await startLocal({
    args: ['dev', 'handler.cjs', '--no-log-invocations'],
    taskRoot: null,
    cwd: root.path,
  });
  await local.whenWritten(/The runtime starts again after the next change/);
  expect(await local.invoke({})).toMatchObject({ errorType: 'Runtime.UserCodeSyntaxError' });
  await writeFile(`${root.path}/part.cjs`, `exports.answer = 'first';`);
  await writeFile(`${root.path}/handler.cjs`, `exports.handler = async () => require('./part.cjs').answer;`);
  await local.whenWritten(/"message":"The runtime is ready"/, 'stdout');
  expect(await local.invoke({})).toBe('first');
  await writeFile(`${root.path}/part.cjs`, `exports.answer = 'second';`);
  await local.whenWritten(/New threads have loaded it/);
  expect(await local.invoke({})).toBe('second');
  await local.interrupt();
  expect(local.output.log.map(({ message }) => message)).not.toContain('Invocation ended');
});

it('Ctrl-C ends dev with code 0 while it waits for code that can be loaded', async () => {
  await using root = await makeTaskRoot({ 'handler.cjs': 'exports.handler = async ( => 1;' });
  await using local = await startLocal({ args: ['dev', 'handler.cjs'], taskRoot: null, cwd: root.path });
  await local.whenWritten(/The runtime starts again after the next change/);
  expect(await local.interrupt()).toEqual({ code: 0, signal: null });
});

it('dev warns that it ignores AWS_LAMBDA_RUNTIME_API', async () => {
  await using root = await makeTaskRoot({ 'handler.cjs': 'exports.handler = async () => 1;' });
  await using local = await startLocal({
    args: ['dev', 'handler.cjs'],
    taskRoot: null,
    cwd: root.path,
    env: { AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9' },
  });
  expect(local.output.stderr).toContain('AWS_LAMBDA_RUNTIME_API (127.0.0.1:9) is ignored');
  expect(await local.invoke({})).toBe(1);
});

it('dev accepts file.export, waits for a missing worker file, and writes pretty log lines', async () => {
  await using root = await makeTaskRoot({ 'index.md': '' });
  await using local = await startLocal({
    args: ['dev', 'app.serve', '--log-format', 'pretty', '--port', '0'],
    taskRoot: null,
    cwd: root.path,
  });
  await local.whenWritten(/The runtime starts again after the next change/);
  await writeFile(
    `${root.path}/app.mts`,
    `export const serve = async (event: object) => {
       console.log({ event });
       process.stdout.write('as it is\\n');
       throw new RangeError('no such picture');
     };`,
  );
  await local.whenWritten(/^[\d:.]+ INFO {11}The runtime is ready/m, 'stdout');
  expect(await local.invoke({ key: 'value' })).toMatchObject({ errorMessage: 'no such picture' });
  await local.whenWritten(
    /^[\d:.]+ INFO {2}[\da-f]{8} \{ event: \{ key: 'value' \} \}\nas it is\n/m,
    'stdout',
  );
  await local.whenWritten(
    /^[\d:.]+ ERROR [\da-f]{8} RangeError: no such picture.*\n +at .*app\.mts/m,
    'stdout',
  );
  await local.whenWritten(/^[\d:.]+ \w+ +[\da-f]{8} Invocation ended {2}.*more$/m, 'stdout');
});

it('dev polls with as many slots as the descriptors allow, including those of its local server', async () => {
  await using meetings = await makeTaskRoot();
  await using local = await startLocal({
    args: ['dev', 'meeting.waiting', '--concurrency', '300', '--threads', '4', '--log-format', 'json'],
    cwd: HANDLERS,
    descriptors: 256,
    env: { MEETING_DIRECTORY: meetings.path },
  });
  const warning = await local.process.whenLogged(/^Only \d+ of 300 slots poll/);
  const of = warning['slots'] as number;
  const threads = await Promise.all(Array.from({ length: of }, () => local.invoke({ meeting: 'all', of })));
  expect(threads).toEqual(threads.map(() => expect.any(Number)));
});
