import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where what the runtime and the handler write goes, so that the terminal is left for the bench. */
export class HandlerLog {
  readonly file: string;
  #kept: boolean;

  /** @param file where it stays; otherwise it is removed with the end of this process, unless it is to be kept. */
  constructor(file: string | undefined) {
    this.#kept = file !== undefined;
    this.file = file ?? join(mkdtempSync(join(tmpdir(), 'lambda-managed-runtime-bench-')), 'handler.log');
    if (file === undefined) process.once('exit', () => this.#remove());
  }

  /** Calls `use` with a descriptor of the file; each time it begins anew, so that it does not grow without end. */
  with<Result>(use: (fd: number) => Result): Result {
    const fd = openSync(this.file, 'w');
    try {
      return use(fd);
    } finally {
      closeSync(fd);
    }
  }

  /** Somebody will want to read it. Returns its last lines, and where it is. */
  keep(): string {
    this.#kept = true;
    const lines = readFileSync(this.file, 'utf8').trimEnd().split('\n').slice(-SHOWN_LINES);
    const shown = lines.map((line) => `  ${line.slice(0, SHOWN_CHARACTERS)}`).join('\n');
    return `The end of what it has written (all of it: ${this.file}):\n${shown}`;
  }

  #remove(): void {
    if (!this.#kept) rmSync(join(this.file, '..'), { recursive: true, force: true });
  }
}

const SHOWN_LINES = 8;
const SHOWN_CHARACTERS = 300;
