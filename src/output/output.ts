import type { DropCount } from './drop-count.ts';
import type { Mend } from './mended.ts';
import type { OutputLock } from './output-lock.ts';

/** Where entries go. An entry is a whole line, or several, or a frame. */
export interface Output {
  /** Never throws, and never writes only a part of an entry between the entries of others. */
  write(entry: Uint8Array): void;
  /** Resolves when all that was written so far is out. */
  flushed(): Promise<void>;
}

/** What an output writes to, and what its writers share. */
export interface OutputSettings {
  readonly fd: number;
  readonly lock: OutputLock;
  readonly mend: Mend;
  readonly dropped: DropCount;
  /** How long an entry waits where nothing moves, in ms. */
  readonly patienceMs: number;
}
