import { Worker } from 'node:worker_threads';
import { Promise } from '../builtins.ts';
import { ENTRY_FILES } from '../package-files.ts';
import type { OriginalPosition } from '../../workers/original-positions.ts';
import type { StackFrame } from './busiest-stack.ts';

/** Applies source maps to one stack. It can start before the stack is known. */
export interface StackMapper {
  /** Resolves with the frames at their original positions where these are known. Never rejects. */
  map(frames: readonly StackFrame[]): Promise<readonly StackFrame[]>;
  /** Must be called when the mapper is no longer needed. */
  end(): void;
}

/** As in the stacks of errors, source maps apply only with `--enable-source-maps`. */
export function startStackMapper(): StackMapper {
  return process.sourceMapsEnabled ? new MapperThread() : NO_MAPS;
}

const NO_MAPS: StackMapper = { map: async (frames) => frames, end: () => undefined };

class MapperThread implements StackMapper {
  readonly #worker: Worker;
  readonly #ended: Promise<undefined>;

  constructor() {
    // Without the modules that the user's NODE_OPTIONS and flags preload.
    this.#worker = new Worker(ENTRY_FILES.sourcePositions, { name: 'source maps', env: {}, execArgv: [] });
    // Does not keep the process alive.
    this.#worker.unref();
    this.#ended = new Promise((resolve) => {
      this.#worker.once('error', () => resolve(undefined));
      this.#worker.once('exit', () => resolve(undefined));
    });
  }

  async map(frames: readonly StackFrame[]): Promise<readonly StackFrame[]> {
    const reply = new Promise<readonly (OriginalPosition | undefined)[]>((resolve) => {
      this.#worker.once('message', resolve);
    });
    this.#worker.postMessage(frames);
    const positions = await Promise.race([reply, this.#ended]);
    return frames.map((frame, index) => ({ ...frame, ...positions?.[index] }));
  }

  end(): void {
    void this.#worker.terminate();
  }
}
