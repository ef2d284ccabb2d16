import type { Log } from './log.ts';
import type { NodeBinary } from './nodes.ts';

/** Checks one aspect of the package. Throws or rejects if the check fails. */
export type Check = (release: Release, log: Log) => void | Promise<void>;

/** What the checks work on. */
interface Release {
  /** The tarball that `npm publish` would upload. */
  readonly tarball: string;
  /** The Node.js binaries on which projects run. */
  readonly nodes: readonly NodeBinary[];
}
