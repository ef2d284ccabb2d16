import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, writeFileSync } from 'node:fs';

/** Writes the output of a check to stdout and to a file. */
export class Log {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
    writeFileSync(file, '');
  }

  write(text: string): void {
    process.stdout.write(text);
    appendFileSync(this.#file, text);
  }

  /**
   * Runs a command. Resolves with its output.
   *
   * @throws Error when the exit code is not 0.
   */
  async run(command: string, args: readonly string[], { cwd, env }: Where = {}): Promise<string> {
    this.write(`$ ${[command, ...args].join(' ')}\n`);
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        this.write(text);
      });
    }
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    if (code !== 0) throw new Error(`${command} ended with ${code ?? signal}.`);
    return output;
  }
}

export interface Where {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}
