import type { ChildProcess } from 'node:child_process';

/** A line of the runtime's log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** The output of a child process as text and as log lines, with methods that wait for a line. */
export class ProcessOutput {
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
  }

  get log(): LogLine[] {
    return this.stdout
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as LogLine);
  }

  /** Resolves with the first match. */
  whenWritten(text: RegExp, to: 'stdout' | 'stderr'): Promise<RegExpExecArray> {
    const { promise, resolve } = Promise.withResolvers<RegExpExecArray>();
    const look = () => {
      const found = text.exec(this[to]);
      if (found === null) return;
      this.#child[to]?.off('data', look);
      resolve(found);
    };
    this.#child[to]?.on('data', look);
    look();
    return promise;
  }

  /** Resolves with the first log line whose message matches. */
  whenLogged(message: RegExp): Promise<LogLine> {
    const { promise, resolve } = Promise.withResolvers<LogLine>();
    const look = () => {
      const line = this.log.find((candidate) => message.test(String(candidate['message'])));
      if (line === undefined) return;
      this.#child.stdout?.off('data', look);
      resolve(line);
    };
    this.#child.stdout?.on('data', look);
    look();
    return promise;
  }
}
