import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** For what never happens with one of the contenders. */
const TIMEOUT_MS = 15_000;

/** A runtime in a process of its own, and what it has written. */
export class RuntimeProcess implements AsyncDisposable {
  stdout = '';
  stderr = '';
  /** Resolves when the process has ended and all its output has been read. */
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;

  constructor(command: readonly string[], cwd: string, env: NodeJS.ProcessEnv) {
    const child = spawn(process.execPath, command, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.exited = once(child, 'close').then(
      ([code, signal]: Exit[keyof Exit][]) => ({ code, signal }) as Exit,
    );
    this.#child = child;
    running.add(child);
    void this.exited.then(() => running.delete(child));
  }

  get hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Resolves with `undefined` when the process ends first, or when it takes too long. */
  unlessExited<Value>(promise: Promise<Value>): Promise<Value | undefined> {
    return Promise.race([promise, this.exited.then(() => undefined), patience()]);
  }

  /** Resolves with `hangs` when it takes too long. */
  end(signal?: NodeJS.Signals): Promise<Exit | 'hangs'> {
    if (signal !== undefined) this.#child.kill(signal);
    return Promise.race([this.exited, patience().then(() => 'hangs' as const)]);
  }

  /** Resolves when what is written to stdout matches. */
  whenWritten(text: RegExp): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (text.test(this.stdout)) resolve();
      };
      this.#child.stdout?.on('data', look);
      look();
    });
  }

  /** Ends it gently, so that what waits to be written is written. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.hasExited && (await this.end('SIGTERM')) === 'hangs') this.#child.kill('SIGKILL');
    await this.exited;
  }
}

const running = new Set<ChildProcess>();

// A runtime that lost its Runtime API tries for a quarter of an hour to find it again.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

function patience(): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, TIMEOUT_MS, undefined).unref());
}
