import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../root.ts';
import type { Check } from './check.ts';
import type { Log } from './log.ts';
import { environmentWithNpm } from './nodes.ts';

/** The pages, and the heading at which what follows needs AWS. */
const PAGES = [
  { page: 'README.md', until: /^## Deploy/m },
  { page: 'docs/getting-started.md', until: /^## 5\. Deploy/m },
];

/**
 * Follows README and getting-started in an empty folder, with only the tarball: writes the files that a page shows and types
 * its commands, in the order of the page.
 */
export const asTyped: Check = async ({ tarball, nodes }, log) => {
  const [node] = nodes;
  assert(node !== undefined);
  for (const { page, until } of PAGES) {
    const [text = ''] = readFileSync(join(ROOT, page), 'utf8').split(until);
    const folder = mkdtempSync(join(tmpdir(), 'typed-'));
    // The port is as the pages say.
    const { LOCAL_LAMBDA_PORT: _, ...env } = environmentWithNpm(node);
    await using terminal = new Terminal(log, folder, { ...env, npm_config_yes: 'true' });
    log.write(`\n${page}\n`);
    for (const step of stepsOf(text)) {
      if ('file' in step) terminal.write(step.file, step.code);
      else
        await terminal.type(
          step.command.replace(/^npm install lambda-managed-runtime/, `npm install ${tarball}`),
        );
    }
  }
};

type Step = { readonly file: string; readonly code: string } | { readonly command: string };

/** The code blocks that name their file, and the lines of the indented blocks. */
function stepsOf(text: string): Step[] {
  const blocks = text.matchAll(/^```\w*\n([^]*?)^```$|(?<=^\n)(?: {4}.*\n)+/gm);
  return [...blocks].flatMap(([block, code]): Step[] => {
    const [, file] = /^\/\/ ([\w.-]+\.\w+)\b/.exec(code ?? '') ?? [];
    if (code !== undefined) return file === undefined ? [] : [{ file, code }];
    const lines = block.replaceAll(/\\\n/g, '').trim().split('\n');
    return lines.map((line) => ({ command: line.trim() }));
  });
}

/** Types commands one after another. A command that serves a function goes on until the next one does. */
class Terminal implements AsyncDisposable {
  readonly #log: Log;
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;
  #cwd: string;
  #server: ChildProcess | undefined;

  constructor(log: Log, folder: string, env: NodeJS.ProcessEnv) {
    this.#log = log;
    this.#folder = folder;
    this.#cwd = folder;
    this.#env = env;
  }

  write(file: string, code: string): void {
    this.#log.write(`writes ${file}\n`);
    writeFileSync(join(this.#cwd, file), code);
  }

  async type(command: string): Promise<void> {
    if (/^(npx lambda-managed-runtime dev|node main\.ts)/.test(command)) return this.#serve(command);
    const output = await this.#log.run('sh', ['-c', `set -e\n${command}\necho\npwd`], {
      cwd: this.#cwd,
      env: this.#env,
    });
    if (command.startsWith('curl')) {
      const [answer = ''] = /^\{.*\}$/m.exec(output) ?? [];
      assert.equal('errorType' in (JSON.parse(answer) as object), false, answer);
    }
    this.#cwd = output.trim().split('\n').at(-1) ?? this.#cwd;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #serve(command: string): Promise<void> {
    await this.#stop();
    this.#log.write(`$ ${command} &\n`);
    const child = spawn('sh', ['-c', command], {
      cwd: this.#cwd,
      env: this.#env,
      // A group of its own, so that Ctrl-C reaches what the shell has started.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#server = child;
    const { promise: served, resolve } = Promise.withResolvers<true>();
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#log.write(text);
        output += text;
        if (/curl http:\/\/[\d.]+:\d+\/invoke /.test(output)) resolve(true);
      });
    }
    assert(await Promise.race([served, once(child, 'close').then(() => false)]), `${command} has ended.`);
  }

  async #stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server?.pid === undefined || server.exitCode !== null) return;
    const closed = once(server, 'close');
    process.kill(-server.pid, 'SIGINT');
    await closed;
  }
}
