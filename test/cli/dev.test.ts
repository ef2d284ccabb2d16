import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalRuntime } from '../helpers/start-local.ts';
import { startLocal } from '../helpers/start-local.ts';
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
    const { FIRST, SECOND, GIVEN } = process.env;
    return { version: '${version}', word, n: event.n, FIRST, SECOND, GIVEN };
  };`;

const IMPORT = `import { word } from '../lib/word.ts';`;

describe('dev', () => {
  let root: TaskRoot;
  let local: LocalRuntime;
  const write = (file: string, text: string) => writeFile(`${root.path}/${file}`, text);

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
    });
  });
  afterAll(async () => {
    await local[Symbol.asyncDispose]();
    await root[Symbol.asyncDispose]();
  });

  it('invokes with the event at the start, and prints the answer', async () => {
    await local.whenWritten(/"version":"one","word":"A","n":"from the file"/, 'stdout');
  });

  it('reads several files of variables: later ones win, the shell wins over all', async () => {
    expect(await local.invoke({})).toMatchObject({ FIRST: '1', SECOND: '2', GIVEN: 'by the shell' });
  });

  it('loads an edited handler, and lets what is in flight finish', async () => {
    const gate = `${root.path}/gate`;
    const held = local.invoke({ holdUntil: gate });
    await local.whenWritten(/holding/, 'stdout');
    await write('app/handler.mts', handler('two', IMPORT));
    // Its answer is printed: the code is new, though the old one still runs.
    await local.whenWritten(/"version":"two"/, 'stdout');
    await writeFile(gate, '');
    expect(await held).toMatchObject({ version: 'one' });
    expect(await local.invoke({})).toMatchObject({ version: 'two' });
  });

  it('loads an edited import, that lies elsewhere', async () => {
    await write('lib/word.ts', `export const word: string = 'B';`);
    await local.whenWritten(/"version":"two","word":"B"/, 'stdout');
    expect(await local.invoke({})).toMatchObject({ word: 'B' });
  });

  it('goes on with the code as it was while the new one cannot be loaded', async () => {
    await write('lib/word.ts', 'export const word = ;');
    await local.whenWritten(/Runtime\.UserCodeSyntaxError[^]*The code as it was before this change goes on/);
    expect(await local.invoke({})).toMatchObject({ word: 'B' });
    await write('lib/word.ts', `export const word: string = 'C';`);
    await local.whenWritten(/"version":"two","word":"C"/, 'stdout');
    expect(await local.invoke({})).toMatchObject({ word: 'C' });
  });

  it('invokes again when the event changes', async () => {
    await write('event.json', '{"n":"another event"}');
    await local.whenWritten(/"n":"another event"/, 'stdout');
  });

  it('Ctrl-C ends it', async () => {
    expect(await local.interrupt()).toMatchObject({ code: 0 });
  });
});

it('dev waits for a change when the code cannot be loaded at the start, and callers hear why', async () => {
  await using root = await makeTaskRoot({ 'handler.cjs': 'exports.handler = async ( => 1;' });
  await using local = await startLocal({
    args: ['dev', 'handler.cjs'],
    taskRoot: null,
    cwd: root.path,
  });
  await local.whenWritten(/It is tried again after the next change/);
  expect(await local.invoke({})).toMatchObject({ errorType: 'Runtime.UserCodeSyntaxError' });
  await writeFile(`${root.path}/part.cjs`, `exports.answer = 'first';`);
  await writeFile(`${root.path}/handler.cjs`, `exports.handler = async () => require('./part.cjs').answer;`);
  await local.whenWritten(/"message":"The runtime is ready"/, 'stdout');
  expect(await local.invoke({})).toBe('first');
  await writeFile(`${root.path}/part.cjs`, `exports.answer = 'second';`);
  await local.whenWritten(/new threads have loaded it/);
  expect(await local.invoke({})).toBe('second');
});
