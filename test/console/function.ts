import { writeFile } from 'node:fs/promises';
import { startLocal } from '../helpers/start-local.ts';
import type { LocalRuntime } from '../helpers/start-local.ts';
import type { RuntimeOptions } from '../helpers/start-runtime.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import type { TaskRoot } from '../helpers/task-root.ts';

/** A local server with a function whose events say what it does. */
export class ConsoleFunction implements AsyncDisposable {
  readonly local: LocalRuntime;
  readonly root: TaskRoot;

  constructor(local: LocalRuntime, root: TaskRoot) {
    this.local = local;
    this.root = root;
  }

  get console(): string {
    return `${this.local.url}/_lambda/console`;
  }

  /** The path of a file that an event can wait for. */
  gate(name: string): string {
    return `${this.root.path}/${name}.gate`;
  }

  open(name: string): Promise<void> {
    return writeFile(this.gate(name), '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.local[Symbol.asyncDispose]();
    await this.root[Symbol.asyncDispose]();
  }
}

export async function startFunction(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  { handler = 'index.handler', sources = false }: Pick<RuntimeOptions, 'handler' | 'sources'> = {},
): Promise<ConsoleFunction> {
  const root = await makeTaskRoot({ 'index.mjs': HANDLER });
  return new ConsoleFunction(await startLocal({ handler, taskRoot: root.path, args, env, sources }), root);
}

const HANDLER = `
  import { existsSync } from 'node:fs';
  import { setTimeout as wait } from 'node:timers/promises';
  export async function handler(event) {
    for (const line of event.log ?? []) console.log(line);
    if (event.warn !== undefined) console.warn(event.warn);
    for (const line of event.write ?? []) process.stdout.write(line + '\\n');
    const end = Date.now() + (event.spinMs ?? 0);
    while (Date.now() < end);
    while (event.spinUntil !== undefined && !existsSync(event.spinUntil));
    while (event.crunchUntil !== undefined && !existsSync(event.crunchUntil)) crunch();
    while (event.holdUntil !== undefined && !existsSync(event.holdUntil)) await wait(10);
    for (const line of event.logThen ?? []) console.log(line);
    while (event.holdThen !== undefined && !existsSync(event.holdThen)) await wait(10);
    if (event.fail !== undefined) throw new RangeError(event.fail);
    if (event.crash !== undefined) {
      setImmediate(() => { throw new TypeError(event.crash); });
      await wait(60_000);
    }
    if (event.forever) for (;;);
    return { answered: event.answer ?? 'yes', padding: 'x'.repeat(event.padding ?? 0) };
  }
  // Too large to be inlined, because V8 may charge the time of an inlined function to its caller.
  function crunch() {
    let sum = 0;
    for (let n = 0; n < 10_000; n += 1) { ${'sum += Math.sqrt(n); '.repeat(100)} }
    return sum;
  }
  export const stream = awslambda.streamifyResponse(async (event, responseStream) => {
    const { head, parts = [], holdUntil, fail } = event;
    const out = head === undefined ? responseStream : awslambda.HttpResponseStream.from(responseStream, head);
    for (const part of parts) out.write(part);
    while (holdUntil !== undefined && !existsSync(holdUntil)) await wait(10);
    if (fail !== undefined) throw new RangeError(fail);
    out.end('the end');
  });`;
