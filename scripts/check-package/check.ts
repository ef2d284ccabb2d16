import type { Log } from './log.ts';
import type { NodeBinary } from './nodes.ts';

/** Looks at one side of the package; throws, or rejects, when it is not as it must be. */
export type Check = (release: Release, log: Log) => void | Promise<void>;

/** What is looked at. */
interface Release {
  /** The package as `npm publish` would send it. */
  readonly tarball: string;
  /** The Node.js binaries on which projects run. */
  readonly nodes: readonly NodeBinary[];
}
