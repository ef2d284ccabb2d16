import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { start } from '../helpers/child-process.ts';

it('an uncaught error that ends the process is printed even if threads are alive', async () => {
  const fixture = fileURLToPath(new URL('../fixtures/pool/fails-with-a-thread.ts', import.meta.url));
  const child = start(fixture, [], { env: {} });
  const [printed, exit] = await Promise.all([text(child.stderr!), once(child, 'exit')]);
  expect(exit).toEqual([1, null]);
  expect(printed).toMatch(/Error: the reason\n +at /);
});
