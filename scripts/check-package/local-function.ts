import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Log } from './log.ts';
import { environmentOf } from './nodes.ts';
import type { NodeBinary } from './nodes.ts';
import type { Project } from './project.ts';
import { exampleEvent } from './readme.ts';

/** Starts a command that serves a function locally, calls `use` with its URL, and stops it like Ctrl-C. Resolves with its output. */
export async function serveLocally(
  log: Log,
  node: NodeBinary,
  project: Project,
  args: readonly string[],
  use: (url: string) => Promise<void>,
): Promise<string> {
  log.write(`$ Node ${node.major}: node ${args.join(' ')}\n`);
  const env = { ...environmentOf(node), AWS_LAMBDA_MAX_CONCURRENCY: '2' };
  const child = spawn(node.path, args, {
    cwd: project.path,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
  });
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const { promise: served, resolve } = Promise.withResolvers<string>();
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log.write(text);
      output += text;
      const [, url] = /curl (http:\/\/[\d.]+:\d+)\/invoke /.exec(output) ?? [];
      if (url !== undefined) resolve(url);
    });
  }
  const url = await Promise.race([served, closed.then(() => undefined)]);
  assert(url !== undefined, 'The function has ended before it served.');
  try {
    await use(url);
  } finally {
    child.kill('SIGINT');
    await closed;
  }
  assert.deepEqual(await closed, [0, null], 'Ctrl-C must end it in order.');
  return output;
}

/** Sends the README's event like the README's `curl` command. */
export async function invokeAsInReadme(log: Log, url: string): Promise<void> {
  const response = await fetch(`${url}/invoke`, { method: 'POST', body: exampleEvent() });
  const answer = await response.text();
  log.write(`${response.status} ${answer}\n`);
  assertAnswer(response.status, JSON.parse(answer));
}

/** The size of the WebP result, in bytes. */
export function assertAnswer(status: number | undefined, answer: unknown): void {
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(answer as object), ['bytes']);
  assert((answer as { bytes: number }).bytes > 100);
}
