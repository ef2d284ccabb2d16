/** The recipes of docs/diagnosis.md, run as they are shown: handlers that return a partial result before their deadline. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { codeBlocks } from '../docs/code-blocks.ts';
import { startBootstrap } from '../helpers/start-runtime.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';

const PAGE = readFileSync(new URL('../../docs/diagnosis.md', import.meta.url), 'utf8');

/** The signal aborts five seconds after the event. A slow machine then has 20 more seconds. */
const OPTIONS = { concurrency: 2, deadlineMarginMs: 20_000 };
const DEADLINE = { deadlineInMs: 25_000 };

/** Code that the recipes omit. */
const LEFT_OUT = `
import { writeFileSync } from 'node:fs';
const compute = (item: number): number => {
  for (const end = Date.now() + 5; Date.now() < end;);
  return item * 2;
};
const store = async (progress: object): Promise<object> => {
  writeFileSync(new URL('stored.json', import.meta.url), JSON.stringify(progress));
  return progress;
};
`;

function recipe(part: string): Record<string, string> {
  const code = codeBlocks(PAGE).find((block) => block.code.includes(part))?.code ?? '';
  return { 'package.json': '{"type":"module"}', 'index.ts': LEFT_OUT + code };
}

interface Progress {
  readonly done: boolean;
  readonly next: number;
  readonly results: readonly number[];
}

it('a computing handler stores and returns partial results, and a second invocation does the rest', async () => {
  await using root = await makeTaskRoot(recipe('if (signal.aborted) return store('));
  await using runtime = await startBootstrap(join(root.path, 'index.ts'), OPTIONS);
  const items = Array.from({ length: 100_000 }, (_, n) => n);
  const partial = await runtime.invoke<Progress>({ items }, DEADLINE);
  expect(partial).toEqual({
    done: false,
    next: partial.results.length,
    results: items.slice(0, partial.next).map((n) => n * 2),
  });
  expect(partial.next).toBeGreaterThan(0);
  expect(JSON.parse(readFileSync(join(root.path, 'stored.json'), 'utf8'))).toEqual(partial);

  const rest = { items: items.slice(0, partial.next + 2), first: partial.next };
  expect(await runtime.invoke(rest, DEADLINE)).toEqual({
    done: true,
    next: partial.next + 2,
    results: items.slice(partial.next, partial.next + 2).map((n) => n * 2),
  });
});

it('a waiting handler returns the responses that have arrived', async () => {
  const server = createServer((request, response) => {
    if (request.url !== '/silent') response.end(`page ${request.url}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const urls = ['one', 'two', 'silent'].map((path) => `http://127.0.0.1:${port}/${path}`);
  {
    await using root = await makeTaskRoot(recipe("!== 'DEADLINE_NEAR'"));
    await using runtime = await startBootstrap(join(root.path, 'index.ts'), OPTIONS);
    expect(await runtime.invoke({ urls }, DEADLINE)).toEqual({
      complete: false,
      pages: ['page /one', 'page /two'],
    });
    expect(await runtime.invoke({ urls: urls.slice(0, 2) }, DEADLINE)).toMatchObject({ complete: true });
  }
  server.closeAllConnections();
  server.close();
});
