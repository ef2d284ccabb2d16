import { BroadcastChannel } from 'node:worker_threads';
import type { LogWriter } from '../../src/output/log-output.ts';
import type { Output } from '../../src/output/output.ts';
import { LOGGED_LINES_CHANNEL } from '../../src/protocol.ts';
import type { LoggedLine } from '../../src/protocol.ts';
import type { TerminalStyle } from '../../src/thread-settings.ts';
import { currentInvocation } from '../invoke-store.ts';
import type { LineObserver } from './line-observer.ts';

/** Observes the lines in local mode. On a terminal, they are formatted after they have been published. */
export async function openLocalObserver(terminal: TerminalStyle | undefined): Promise<LineObserver> {
  const broadcast = new LineBroadcast();
  if (terminal === undefined) return broadcast;
  const { terminalOutput, terminalWriter } = await import('../../src/output/terminal-lines.ts');
  return {
    writer: (writer) => broadcast.writer(terminalWriter(writer, terminal)),
    output: (output) => broadcast.output(terminalOutput(output, terminal)),
    close: () => broadcast.close(),
  };
}

/** Publishes each line and the request id of its invocation to the local console. Used in local mode. */
class LineBroadcast implements LineObserver {
  #channel: BroadcastChannel | undefined = new BroadcastChannel(LOGGED_LINES_CHANNEL);

  constructor() {
    this.#channel?.unref();
  }

  writer(writer: LogWriter): LogWriter {
    return {
      write: (text, level, format, epochMs) => {
        this.#tell(text);
        writer.write(text, level, format, epochMs);
      },
    };
  }

  output(output: Output): Output {
    return {
      write: (entry) => {
        const lines = Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength).toString().split('\n');
        for (const line of lines.slice(0, -1)) this.#tell(line);
        output.write(entry);
      },
      flushed: () => output.flushed(),
    };
  }

  /** Stops publishing; later lines are only written. */
  close(): void {
    this.#channel?.close();
    this.#channel = undefined;
  }

  #tell(line: string): void {
    const requestId = currentInvocation()?.message.metadata.requestId;
    this.#channel?.postMessage({ line, requestId } satisfies LoggedLine);
  }
}
